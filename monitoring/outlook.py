"""What would have happened under other thresholds: bypass rate, quality of what is kept, savings. See docs/tuning.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np

from monitoring.evidence import Evidence
from monitoring.histograms import Buckets, Distribution, Range, exactly
from monitoring.history import Floats
from monitoring.population import Margins, Population, Standing
from monitoring.ratios import ratio, share_of
from monitoring.resampling import Resampling
from pipeline.metrics.catalogue import CHECKPOINTS, DIMENSIONS
from pipeline.metrics.family import UNSPECIFIED

Mode = Literal["full", "lightweight", "quality_check"]
_FEW = 10.0  # items of a way below which its cost is taken from all types
_EARLY_STAGES = ("download", "transcription", "assessment", "summary", "memory")  # what a lightweight item goes through
_NOTICED = 5.0  # items that a decision must have met before "it never did" is believed


class Plan(msgspec.Struct, frozen=True):
    """A configuration to think about: thresholds by dimension, confidences by checkpoint, modes by content type."""

    thresholds: tuple[float, float, float, float]
    confidences: Mapping[str, float]
    modes: Mapping[str, Mode]


class Outlook(msgspec.Struct, frozen=True):
    """What a plan comes to, of one type or all: replicates (r). `full` of `items` are processed in full."""

    items: Floats
    full: Range
    bypass: Range
    quality: Range
    savings: Range


class Kept(msgspec.Struct, frozen=True):
    """Items processed in full and the sum of their scores, in three cases: worst mean, likely, best mean."""

    items: tuple[Floats, Floats, Floats]
    scores: tuple[Floats, Floats, Floats]


class Stratum:
    """One content type under the configuration in force."""

    def __init__(self, name: str, model: Model) -> None:
        evidence, spread = model.evidence, model.resampling
        self.name = name
        self.mode: Mode = model.plan.modes[name]
        ways = {way: evidence.items.get((way, name), model.zero) for way in ("full", "lightweight", "early_exit")}
        self.full, self.light, self.exits = (spread.counts(ways[way]) for way in ways)
        self.items: Floats = self.full + self.light + self.exits
        scored = evidence.scores.get(("overall", "early_exit", name))
        self.late = np.minimum(self.exits, spread.counts(scored.counts).sum(axis=1)) if scored else self.exits * 0.0
        self.kept = self._population("full", self.full, self.late, model)
        self.bypassed = self._population("lightweight", self.light, self.light * 0.0, model)
        self.leave = share_of(self.late, self.full + self.late)
        self.cost = {way: _sums(model, way, name, ways[way], n) for way, n in self._counts().items()}

    def _counts(self) -> dict[str, Floats]:
        return {"full": self.full, "lightweight": self.light, "early_exit": self.exits}

    def _population(self, way: str, count: Floats, others: Floats, model: Model) -> Population:
        evidence = model.evidence
        scores = {
            n: _distribution(histogram, model, evidence.score_sums.get((d, way, self.name)))
            for n, d in enumerate(DIMENSIONS)
            if (histogram := evidence.scores.get((d, way, self.name))) is not None and histogram.counts.sum() > 0
        }
        standing: Standing = "any"
        if self.mode == "quality_check" and model.filtering:
            standing = "passed" if way == "full" else "failed"
        margins = evidence.margins.get((self.name,))
        known = None
        if margins is not None and margins.counts.sum() > 0:
            known = Margins(Distribution(model.replicated(margins), floor=margins.edges[0]), others)
        return Population(count, scores, standing, model.plan.thresholds, known)

    def kept_under(self, plan: Plan) -> tuple[Range, Range, Kept]:
        """Return how many that were kept would not be, how many that were not would be, and what is kept then."""
        mode, none = plan.modes[self.name], exactly(self.full * 0.0)
        if mode == "lightweight":
            return exactly(self.full), none, Kept((self.full * 0.0,) * 3, (self.full * 0.0,) * 3)
        lost = none if mode == "full" else self.kept.failing(plan.thresholds)
        saved = self.bypassed.count - 0.0
        still = none if mode == "full" else self.bypassed.failing(plan.thresholds)
        gained = still.rest(saved).clipped(0.0, np.inf)
        leave = Range(np.minimum(1.0, 2.0 * self.leave), self.leave, self.leave * 0.0)
        gained = Range(gained.low * (1 - leave.low), gained.point * (1 - leave.point), gained.high * (1 - leave.high))
        return lost, gained, self._kept(plan, lost, gained)

    def _kept(self, plan: Plan, lost: Range, gained: Range) -> Kept:
        least, now = plan.thresholds[0], self.kept.current[0]
        overall = self.kept.scores.get(0)
        if overall is None:
            return Kept((lost.rest(self.full).low,) * 3, (np.full_like(self.full, np.nan),) * 3)
        scale = share_of(self.full, overall.total)
        whole = overall.sum_all() * scale
        support = now if self.kept.standing == "passed" else None
        dropped = overall.mass_below(least, support)
        counts = overall.below(least, support).times(scale)
        top = share_of(whole - dropped.point * scale, self.full - counts.point)
        cases = []
        for n, value in ((0, 1.0), (1, 0.0), (2, least)):
            falls, below, mass = (_case(r, n) for r in (lost, counts, dropped))
            others = np.maximum(falls - below, 0.0)  # fall in another dimension, at or above the least overall score
            mean = (least + np.maximum(top, least)) / 2 if n == 1 else value
            cases.append((self.full - falls, np.maximum(whole - mass * scale - others * mean, 0.0)))
        back = self._gained_scores(plan, least, now)
        items = tuple(kept + _case(gained, 2 - n) for n, (kept, _) in enumerate(cases))
        sums = tuple(s + _case(gained, 2 - n) * back[n] for n, (_, s) in enumerate(cases))
        return Kept(items, sums)  # type: ignore[arg-type]

    def _gained_scores(self, plan: Plan, least: float, now: float) -> tuple[Floats, Floats, Floats]:
        """Return the mean score of items that are no longer bypassed: the least, likely, greatest it can be."""
        overall = self.bypassed.scores.get(0)
        one = np.ones_like(self.full)
        if overall is None:
            return one * least, one * (least + 1) / 2, one
        only = self.bypassed.standing == "failed" and tuple(plan.thresholds[1:]) == tuple(self.bypassed.current[1:])
        if only and plan.modes[self.name] == "quality_check":  # they failed in the overall score and nowhere else
            return one * min(least, now), one * (least + now) / 2, one * max(least, now)
        above = overall.total - overall.below(least).point
        mean = np.nan_to_num(ratio(overall.sum_all() - overall.mass_below(least).point, above), nan=least)
        if plan.modes[self.name] == "full":
            mean = share_of(overall.sum_all(), overall.total)
            return mean, mean, mean
        return one * least, np.clip(mean, least, 1.0), one


class Model:
    """Takes evidence and the configuration in force, and says what another one would come to."""

    def __init__(self, evidence: Evidence, plan: Plan, resampling: Resampling) -> None:
        self.evidence, self.plan, self.resampling = evidence, plan, resampling
        self.zero = np.zeros(evidence.blocks)
        self.filtering = is_filtering(evidence)
        names = sorted({key[1] for key in evidence.items})
        self.plan = msgspec.structs.replace(plan, modes={n: plan.modes.get(n, "quality_check") for n in names})
        self.strata = [Stratum(name, self) for name in names]
        self.exiting = evidence.total(evidence.exits) > 0
        self.light_share = self._light_share()

    def outlook(self, plan: Plan) -> tuple[Outlook, dict[str, Outlook]]:
        """Return what a plan comes to, in all and by content type."""
        modes = {**self.plan.modes, **plan.modes}
        plan = msgspec.structs.replace(plan, modes=modes)
        stays = self._survival(plan)
        parts = {stratum.name: self._of(stratum, plan, stays) for stratum in self.strata}
        return _together([part for part, _, _ in parts.values()], [k for _, k, _ in parts.values()],
                         [c for _, _, c in parts.values()]), {n: part for n, (part, _, _) in parts.items()}  # fmt: skip

    def replicated(self, buckets: Buckets) -> Buckets:
        """Return the replicates (r, buckets) of a histogram in blocks."""
        return Buckets(buckets.edges, self.resampling.counts(buckets.counts))

    def exit_rate(self, checkpoint: str, confidence: float) -> Range | None:
        """Return the share of items asked at a checkpoint that leave there, with this confidence."""
        asked = self.evidence.evaluations.get((checkpoint,))
        held = self.evidence.candidates.get((checkpoint,))
        if asked is None or asked.sum() <= 0 or held is None or held.counts.sum() <= 0:
            return None
        total = self.resampling.counts(asked)
        candidates = Distribution(self.replicated(held))
        leaving = candidates.below(confidence).rest(candidates.total)
        return Range(*(share_of(x, total) for x in (leaving.low, leaving.point, leaving.high))).clipped(0, 1)

    def early_share(self, plan: Plan) -> Floats:
        """Return early exits of all that do not go the lightweight way; replicates."""
        full = sum((s.full for s in self.strata), np.zeros(()))
        early = sum((s.exits for s in self.strata), np.zeros(()))
        return ratio(early + full * (1 - self._survival(plan).point), early + full)

    def _survival(self, plan: Plan) -> Range:
        """Return by which factor more or fewer items pass all checkpoints than now."""
        one = np.ones_like(self.resampling.counts(self.zero))
        found = exactly(one)
        for checkpoint in CHECKPOINTS:
            now, then = self.plan.confidences.get(checkpoint), plan.confidences.get(checkpoint)
            if not self.exiting or now is None or then is None or now == then:
                continue
            before, after = self.exit_rate(checkpoint, now), self.exit_rate(checkpoint, then)
            if before is None or after is None:
                continue
            found = Range(
                found.low * np.nan_to_num(ratio(1 - after.high, 1 - before.low), nan=1.0),
                found.point * np.nan_to_num(ratio(1 - after.point, 1 - before.point), nan=1.0),
                found.high * np.nan_to_num(ratio(1 - after.low, 1 - before.high), nan=1.0),
            )
        return found

    def _of(self, stratum: Stratum, plan: Plan, stays: Range) -> tuple[Outlook, Kept, tuple[Range, Floats]]:
        lost, gained, kept = stratum.kept_under(plan)
        full = Range(
            (stratum.full - lost.high + gained.low) * stays.low,
            (stratum.full - lost.point + gained.point) * stays.point,
            (stratum.full - lost.low + gained.high) * stays.high,
        ).clipped(0.0, stratum.items)
        saved, cost = self._savings(stratum, lost, gained, stays)
        bypass = _ratio(full.rest(stratum.items), stratum.items)
        quality = Range(*(ratio(s, n) for s, n in zip(kept.scores, kept.items, strict=True)))
        return Outlook(stratum.items, full, bypass, quality, _ratio(saved, cost)), kept, (saved, cost)

    def _savings(self, stratum: Stratum, lost: Range, gained: Range, stays: Range) -> tuple[Range, Floats]:
        """Return seconds saved, and what everything in full would have cost."""
        cost = sum((spent + saved for spent, saved in stratum.cost.values()), np.zeros(()))
        now = sum((saved for _, saved in stratum.cost.values()), np.zeros(()))
        each = share_of(stratum.cost["full"][0], stratum.full)
        spent, saved = stratum.cost["lightweight"]
        light = exactly(share_of(spent, spent + saved)) if stratum.light[0] >= _FEW else self.light_share
        back = share_of(saved, stratum.light)
        leave = self._exit_savings(stratum)
        cases = []
        for n in range(3):
            more = _case(lost, n) * each * (1 - _case(light, 2 - n)) - _case(gained, 2 - n) * back
            passing = np.maximum(stratum.full - _case(lost, 1) + _case(gained, 1), 0.0)
            more = more + passing * (1 - _case(stays, 2 - n)) * each * leave
            cases.append(np.clip(now + more, 0.0, cost))
        return Range(*cases), cost

    def _exit_savings(self, stratum: Stratum) -> Floats:
        """Return which share of an item's cost an early exit saves."""
        spent, saved = stratum.cost["early_exit"]
        if stratum.exits[0] >= _FEW:
            return share_of(saved, spent + saved)
        both = [s.cost["early_exit"] for s in self.strata]
        all_saved = sum((saved for _, saved in both), np.zeros(()))
        return share_of(all_saved, all_saved + sum((spent for spent, _ in both), np.zeros(())))

    def _light_share(self) -> Range:
        """Return which share of full processing a lightweight item costs, where a type has none of its own to tell."""
        count = sum((s.light for s in self.strata), np.zeros(()))
        spent = sum((s.cost["lightweight"][0] for s in self.strata), np.zeros(()))
        saved = sum((s.cost["lightweight"][1] for s in self.strata), np.zeros(()))
        if count[0] >= _FEW and saved[0] > 0:
            return exactly(share_of(spent, spent + saved))
        one = np.ones_like(count)
        stages = {key[0]: float(values.sum()) for key, values in self.evidence.stages.items()}
        whole = sum(stages.values())
        if whole <= 0:
            return Range(one * 0.0, one * 0.5, one)
        share = sum(stages.get(name, 0.0) for name in _EARLY_STAGES) / whole
        return Range(one * share / 2, one * share, one * min(1.0, share * 2))


def is_filtering(evidence: Evidence) -> bool:
    """Tell whether the quality filter was on: items below a threshold were bypassed, or there were none to bypass."""
    if evidence.total(evidence.bypasses, "low_quality") > 0:
        return True
    below = sum(float(h.counts[:, [edge <= 1e-9 for edge in (*h.edges, 2.0)]].sum()) for h in evidence.margins.values())
    return bool(evidence.margins) and below < _NOTICED


def modes_seen(evidence: Evidence) -> dict[str, Mode]:
    """Return the mode that each content type went by, from what happened to its items."""
    found: dict[str, Mode] = {}
    for kind in {key[1] for key in evidence.items} - {UNSPECIFIED}:
        light = float(evidence.bypasses.get(("content_type", kind), np.zeros(1)).sum())
        low = float(evidence.bypasses.get(("low_quality", kind), np.zeros(1)).sum())
        margins = evidence.margins.get((kind,))
        below = 0.0
        if margins is not None:
            below = float(margins.counts[:, [edge <= 1e-9 for edge in (*margins.edges, 2.0)]].sum())
        if light > low:
            found[kind] = "lightweight"
        elif low < 0.1 * below and below - light >= _NOTICED and is_filtering(evidence):
            found[kind] = "full"
        else:
            found[kind] = "quality_check"
    return found


def _together(parts: list[Outlook], kept: list[Kept], costs: list[tuple[Range, Floats]]) -> Outlook:
    items = sum((part.items for part in parts), np.zeros(()))
    full = Range(*(sum((_case(part.full, n) for part in parts), np.zeros(())) for n in range(3)))
    with_scores = [k for k in kept if np.isfinite(k.scores[1][0])]
    quality = Range(
        *(
            ratio(
                sum((k.scores[n] for k in with_scores), np.zeros(())),
                sum((k.items[n] for k in with_scores), np.zeros(())),
            )
            for n in range(3)
        )
    )
    saved = Range(*(sum((_case(s, n) for s, _ in costs), np.zeros(())) for n in range(3)))
    cost = sum((c for _, c in costs), np.zeros(()))
    return Outlook(items, full, _ratio(full.rest(items), items), quality, _ratio(saved, cost))


def _ratio(part: Range, whole: Floats) -> Range:
    return Range(*(np.clip(ratio(x, whole), 0.0, 1.0) for x in (part.low, part.point, part.high)))


def _case(found: Range, n: int) -> Floats:
    return (found.low, found.point, found.high)[n]


def _distribution(buckets: Buckets, model: Model, sums: Floats | None) -> Distribution:
    count = float(buckets.counts.sum())
    mean = float(sums.sum()) / count if sums is not None and count > 0 else None
    return Distribution(model.replicated(buckets), mean=mean)


def _sums(model: Model, way: str, kind: str, items: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return replicates of seconds spent and saved; those saved by exactly the share they are of the whole."""
    spent = model.evidence.spent.get((way, kind), model.zero)
    saved = model.evidence.saved.get((way, kind), model.zero)
    if model.resampling.by_blocks:
        return model.resampling.counts(spent), model.resampling.counts(saved)
    cost = model.resampling.sums(spent + saved, items, counts, 1.0)
    share = float(saved.sum()) / max(float((spent + saved).sum()), 1e-9)
    return cost * (1 - share), cost * share
