"""What a plan would have come to: bypass rate, quality of what is kept, savings. Formulas: docs/tuning.md."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Distribution, Range, exactly
from monitoring.history.ratios import ratio, share_of
from monitoring.history.resampling import Resampling
from monitoring.outlook.costs import Costs
from monitoring.outlook.evidence import Evidence, Today
from monitoring.outlook.kept import Kept, kept_under, mean_of
from monitoring.outlook.observed import Observed, observe
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
    others: Floats  # went a way that is none of ours
    kept: list[Kept]
    saved: Range
    cost: Floats


class Model:
    """Takes evidence and the plan in force, and says what another plan would come to."""

    def __init__(
        self, evidence: Evidence, plan: Plan, resampling: Resampling, observed: Observed | None = None
    ) -> None:
        """Take what is known. `observed`: what was seen of decisions, where that is known from more evidence."""
        names = sorted({key[1] for key in evidence.items})
        modes = {name: plan.modes.get(name, "quality_check") for name in names}
        self.plan = msgspec.structs.replace(plan, modes=modes)
        self.basis = Basis(evidence, self.plan, resampling, observed or observe(evidence, plan.thresholds))
        self.strata = [Stratum(name, self.basis) for name in names]
        self.costs = Costs(self.basis, self.strata)
        self.exiting = evidence.total(evidence.exits) > 0

    def counted(self) -> Outlook:
        """Return what the counters say: nothing is inferred, so all that is unsure is the sample."""
        evidence = self.basis.evidence
        none = self.basis.resampling.counts(np.zeros(evidence.blocks))
        items = sum((s.items for s in self.strata), none)
        bypass = ratio(sum((s.light + s.exits for s in self.strata), none), items)
        known = [s.kept.scores[0] for s in self.strata if 0 in s.kept.scores]
        scored = sum((one.total for one in known), none)
        quality = ratio(sum((one.sum_all() for one in known), none), scored)
        saved, cost = self.costs.counted()
        savings = self._savings(exactly(saved), cost).point
        today = evidence.today or Today(math.nan, math.nan, math.nan)
        return Outlook(
            items,
            _about(bypass, today.bypass_rate),
            _about(quality, today.quality),
            _about(savings, today.time_savings),
        )

    def outlook(self, plan: Plan) -> tuple[Outlook, dict[str, Outlook]]:
        """Return what a plan comes to, in all and by content type."""
        plan = msgspec.structs.replace(plan, modes={**self.plan.modes, **plan.modes})
        stays = self._survival(plan)
        parts = {stratum.name: self._part(stratum, plan, stays) for stratum in self.strata}
        return self._outlook(list(parts.values())), {name: self._outlook([part]) for name, part in parts.items()}

    def exit_rate(self, checkpoint: str, confidence: float) -> Range | None:
        """Return the share of items asked at a checkpoint that leave there with this confidence; None: not known."""
        asked = self.basis.evidence.evaluations.get((checkpoint,))
        held = self.basis.evidence.candidates.get((checkpoint,))
        if asked is None or asked.sum() <= 0 or held is None or held.counts.sum() <= 0:
            return None
        total = self.basis.resampling.counts(asked)
        candidates = Distribution(self.basis.replicated(held), ceiling=1.0)
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
        full = full.clipped(0.0, stratum.items - stratum.others)
        return _Part(stratum.items, full, stratum.others, kept_under(stratum, plan, moves), saved, cost)

    def _outlook(self, parts: list[_Part]) -> Outlook:
        items, others, cost = (
            sum((getattr(part, name) for part in parts), np.zeros(())) for name in ("items", "others", "cost")
        )
        full, saved = (_total([getattr(part, name) for part in parts]) for name in ("full", "saved"))
        quality = mean_of([one for part in parts for one in part.kept])
        return Outlook(items, _ratio(full.rest(items - others), items), quality, self._savings(saved, cost))

    def _savings(self, saved: Range, cost: Floats) -> Range:
        return _ratio(saved, cost if self.basis.evidence.tells_seconds() else cost * 0.0)


def _about(replicates: Floats, counted: float) -> Range:
    """Return a figure as it was counted, its replicates scattered about it as they are; nan: not counted apart."""
    if not (math.isfinite(counted) and np.isfinite(replicates[0])):
        return exactly(replicates)
    return exactly(np.clip(replicates + (counted - replicates[0]), 0.0, 1.0))


def _passing(after: Floats, before: Floats) -> Floats:
    return np.nan_to_num(ratio(1 - after, 1 - before), nan=1.0)


def _total(ranges: list[Range]) -> Range:
    return Range(*(sum((getattr(r, side) for r in ranges), np.zeros(())) for side in ("low", "point", "high")))


def _ratio(part: Range, whole: Floats) -> Range:
    return Range(*(np.clip(ratio(x, whole), 0.0, 1.0) for x in (part.low, part.point, part.high)))
