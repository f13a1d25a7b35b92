"""What a plan would have come to: bypass rate, quality of what is kept, savings. Formulas: docs/tuning.md."""

from __future__ import annotations

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Distribution, Range, exactly
from monitoring.history.ratios import ratio, share_of
from monitoring.history.resampling import Resampling
from monitoring.outlook.costs import Costs
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.kept import Kept, kept_under
from monitoring.outlook.observed import is_filtering
from monitoring.outlook.stratum import Basis, Plan, Stratum
from pipeline.domains.content.labels import CHECKPOINTS


class Outlook(msgspec.Struct, frozen=True):
    """What a plan comes to, of one content type or all: replicates (r)."""

    items: Floats
    bypass: Range
    quality: Range
    savings: Range


class _Part(msgspec.Struct, frozen=True):
    items: Floats
    full: Range
    kept: Kept
    saved: Range
    cost: Floats


class Model:
    """Takes evidence and the plan in force, and says what another plan would come to."""

    def __init__(self, evidence: Evidence, plan: Plan, resampling: Resampling, filtering: bool | None = None) -> None:
        """Take what is known. `filtering`: whether the filter was on, where that is known from elsewhere."""
        names = sorted({key[1] for key in evidence.items})
        modes = {name: plan.modes.get(name, "quality_check") for name in names}
        self.plan = msgspec.structs.replace(plan, modes=modes)
        self.basis = Basis(evidence, self.plan, resampling, is_filtering(evidence) if filtering is None else filtering)
        self.strata = [Stratum(name, self.basis) for name in names]
        self.costs = Costs(self.basis, self.strata)
        self.exiting = evidence.total(evidence.exits) > 0

    def outlook(self, plan: Plan) -> tuple[Outlook, dict[str, Outlook]]:
        """Return what a plan comes to, in all and by content type."""
        plan = msgspec.structs.replace(plan, modes={**self.plan.modes, **plan.modes})
        stays = self._survival(plan)
        parts = {stratum.name: self._part(stratum, plan, stays) for stratum in self.strata}
        return _outlook(list(parts.values())), {name: _outlook([part]) for name, part in parts.items()}

    def exit_rate(self, checkpoint: str, confidence: float) -> Range | None:
        """Return the share of items asked at a checkpoint that leave there with this confidence; None: not known."""
        asked = self.basis.evidence.evaluations.get((checkpoint,))
        held = self.basis.evidence.candidates.get((checkpoint,))
        if asked is None or asked.sum() <= 0 or held is None or held.counts.sum() <= 0:
            return None
        total = self.basis.resampling.counts(asked)
        candidates = Distribution(self.basis.replicated(held))
        leaving = candidates.below(confidence).rest(candidates.total)
        return Range(*(share_of(x, total) for x in (leaving.low, leaving.point, leaving.high))).clipped(0.0, 1.0)

    def early_share(self, plan: Plan) -> Floats:
        """Return early exits of all that do not go the lightweight way, when only confidences change; replicates."""
        full = sum((s.full for s in self.strata), np.zeros(()))
        early = sum((s.exits for s in self.strata), np.zeros(()))
        return ratio(early + full * (1 - self._survival(plan).point), early + full)

    def _survival(self, plan: Plan) -> Range:
        """Return by which factor more or fewer items pass all checkpoints than now."""
        found = exactly(np.ones_like(self.basis.resampling.counts(np.zeros(self.basis.evidence.blocks))))
        for checkpoint in CHECKPOINTS if self.exiting else ():
            now, then = self.plan.confidences.get(checkpoint), plan.confidences.get(checkpoint)
            if now is None or then is None or now == then:
                continue
            before, after = self.exit_rate(checkpoint, now), self.exit_rate(checkpoint, then)
            if before is not None and after is not None:
                found = Range(
                    found.low * _passing(after.high, before.low),
                    found.point * _passing(after.point, before.point),
                    found.high * _passing(after.low, before.high),
                )
        return found

    def _part(self, stratum: Stratum, plan: Plan, stays: Range) -> _Part:
        moves = stratum.moves(plan)
        full = Range(
            (stratum.full - moves.lost.high + moves.gained.low) * stays.low,
            (stratum.full - moves.lost.point + moves.gained.point) * stays.point,
            (stratum.full - moves.lost.low + moves.gained.high) * stays.high,
        )
        saved, cost = self.costs.under(stratum, moves, stays)
        return _Part(stratum.items, full.clipped(0.0, stratum.items), kept_under(stratum, plan, moves), saved, cost)


def _passing(after: Floats, before: Floats) -> Floats:
    return np.nan_to_num(ratio(1 - after, 1 - before), nan=1.0)


def _outlook(parts: list[_Part]) -> Outlook:
    items, cost = (sum((getattr(part, name) for part in parts), np.zeros(())) for name in ("items", "cost"))
    scored = [part.kept for part in parts if np.isfinite(part.kept.scores[1][0])]
    kept = Kept(
        tuple(sum((k.items[n] for k in scored), np.zeros(())) for n in range(3)),  # type: ignore[arg-type]
        tuple(sum((k.scores[n] for k in scored), np.zeros(())) for n in range(3)),  # type: ignore[arg-type]
    )
    full, saved = (_total([getattr(part, name) for part in parts]) for name in ("full", "saved"))
    return Outlook(items, _ratio(full.rest(items), items), kept.mean(), _ratio(saved, cost))


def _total(ranges: list[Range]) -> Range:
    return Range(*(sum((getattr(r, side) for r in ranges), np.zeros(())) for side in ("low", "point", "high")))


def _ratio(part: Range, whole: Floats) -> Range:
    return Range(*(np.clip(ratio(x, whole), 0.0, 1.0) for x in (part.low, part.point, part.high)))
