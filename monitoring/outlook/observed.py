"""What the metrics tell of how decisions were made: whether the filter was on, which way each content type went.

Gauges say whether the filter was on; where none does, the items that went each way say it. Three things can happen to
the items of a type, and each leaves its mark: those below a threshold are bypassed (`quality_check`), all are bypassed
(`lightweight`), none is (`full`, or the filter was off). For each of them the items are counted that cannot have gone
so. The one that fewest speak against is believed; if too many do, the evidence contradicts itself, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Buckets, Distribution
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.population import Standing
from pipeline.decisions.routing import Mode
from pipeline.domains.content.labels import DIMENSIONS
from pipeline.metrics.family import UNSPECIFIED

_NOTICED = 5.0  # items that speak against something before it is disbelieved
_SHARE = 0.03  # of the items: what different moments of counting and extrapolation may come to
_COMPLETE = 0.9  # of the items must have a margin, for margins to tell of all of them
_REMAINING = 1.5  # items of a type that may speak against it once what lies before a change is left out
_AHEAD, _BLOCK = 9, 0.25  # blocks looked at for the end of what lies before; items against it that one is worth
_MIN_ITEMS = 100.0  # after a change, before what lies before it is left out
_DIFFERS = 10.8  # likelihood ratio that two rates differ: 1 in 1000 by chance (chi square, one degree of freedom)

Thresholds = Sequence[float]  # of overall, coherence, completeness, informativeness


class Seen(msgspec.Struct, frozen=True):
    """How one content type's items went. `doubt`: what contradicts that, empty where nothing does.

    `possible`: the modes that it may have gone by; more than one where there is doubt. `margins`: whether those
    recorded tell of all its items. `mixed`: items that left early lie on both sides of the thresholds, so that nothing
    follows from how they left, nor from margins, which do not know which way an item went.
    """

    mode: Mode = "quality_check"
    standings: Mapping[str, Standing] = {}
    doubt: str = ""
    possible: tuple[Mode, ...] = ("quality_check",)
    margins: bool = True
    mixed: bool = False

    def standing(self, way: str) -> Standing:
        """Return how the items that went one way stand to the thresholds."""
        return self.standings.get(way, "any")


class Observed(msgspec.Struct, frozen=True):
    """What was seen of all content types, and whether the filter was on. `told`: gauges say so."""

    filtering: bool
    told: bool
    types: Mapping[str, Seen]

    def of(self, kind: str) -> Seen:
        """Return what was seen of one type."""
        return self.types.get(kind, Seen())

    @property
    def modes(self) -> dict[str, Mode]:
        """The mode of each known content type."""
        return {kind: seen.mode for kind, seen in sorted(self.types.items()) if kind != UNSPECIFIED}

    @property
    def doubts(self) -> list[str]:
        """What contradicts itself, one sentence a type."""
        return [f"{kind}: {seen.doubt}" for kind, seen in sorted(self.types.items()) if seen.doubt]


_CHECKED: dict[str, Standing] = {"full": "passed", "early_exit": "passed", "lightweight": "failed"}


class _Counts(msgspec.Struct, frozen=True):
    """What is counted of one type, and how many of it cannot have gone as the thresholds say."""

    passed: float  # processed in full
    left: float  # left after the assessment, which tells of no way: the checkpoint may come before the filter
    left_below: float  # of those, at least so many lie below a threshold
    light: float
    routed: float  # bypassed for their type
    filtered: float  # bypassed for low quality
    kept_below: float  # of those that passed, at least so many lie below a threshold
    gone_above: float  # of the light ones, at least so many lie below none
    complete: bool  # margins tell of all items
    nothing_below: bool  # surely

    @property
    def items(self) -> float:
        """All that were assessed."""
        return self.passed + self.left + self.light

    @property
    def allowed(self) -> float:
        """How many items may speak against what is believed."""
        return max(_NOTICED, _SHARE * self.items)

    @property
    def against(self) -> dict[Mode, float]:
        """How many items speak against each mode, the filter being on."""
        checked = self.kept_below + max(self.routed, self.gone_above)
        return {"quality_check": checked, "lightweight": self.passed + self.filtered, "full": self.light}


def observe(evidence: Evidence, thresholds: Thresholds) -> Observed:
    """Return how the items of a window went. `thresholds`: those in force."""
    counts = {kind: _counts(evidence, kind, thresholds) for kind in sorted({key[1] for key in evidence.items})}
    told = evidence.switches.get("quality_filtering")
    filtering = _inferred(counts.values()) if told is None else told
    routing = evidence.switches.get("content_routing", True)
    types = {kind: _seen(evidence, kind, one, routing, filtering) for kind, one in counts.items()}
    return Observed(filtering, told is not None, types)


def settled(evidence: Evidence, thresholds: Thresholds) -> Evidence:
    """Return the end of the window in which every type went one way, where types changed theirs within the window.

    Nothing is left out where there is no contradiction, or none that leaving out the beginning would mend. A short end
    shows no contradiction for want of items: what is left out has to differ from it.
    """
    doubted = [kind for kind, seen in observe(evidence, thresholds).types.items() if seen.doubt]
    if not doubted:
        return evidence
    what = f"how items of {', '.join(doubted)} are processed"
    waiting = np.cumsum(evidence.activity()[::-1])[::-1]
    for first in range(1, evidence.blocks):
        if waiting[first] < _MIN_ITEMS:
            break
        part = evidence.between(first, evidence.blocks, what)
        seen = observe(part, thresholds)
        if not seen.doubts and _differs(evidence.between(0, first), part, seen, doubted, thresholds):
            return _without_remains(evidence, part, first, seen, thresholds)
    return evidence


def _differs(before: Evidence, after: Evidence, seen: Observed, kinds: Sequence[str], thresholds: Thresholds) -> bool:
    """Tell whether of each type surely more items speak against `seen` before a moment than after it."""
    for kind in kinds:
        old, new = (_counts(part, kind, thresholds) for part in (before, after))
        if not _surely_more(_against(old, seen, kind), old.items, _against(new, seen, kind), new.items):
            return False
    return True


def _surely_more(some: float, of: float, others: float, of_others: float) -> bool:
    """Tell whether some items of so many are surely a greater share than others of so many (likelihood ratio)."""
    if of < 1 or of_others < 1 or some / of <= others / of_others:
        return False
    share = (some + others) / (of + of_others)
    parts = ((some, of), (others, of_others))
    return 2 * sum(n * math.log(n / (total * share)) for n, total in parts if n > 0) > _DIFFERS


def _without_remains(whole: Evidence, part: Evidence, first: int, seen: Observed, thresholds: Thresholds) -> Evidence:
    """Leave out the blocks at the beginning that still went the old way, few enough to have been overlooked."""
    found = part
    while (left := _remains(found, seen, thresholds)) > 0:
        shorter = [whole.between(first + n, whole.blocks, part.changed[-1]) for n in range(1, _AHEAD)]
        costs = {
            n: _remains(one, seen, thresholds) + _BLOCK * n
            for n, one in enumerate(shorter, 1)
            if one.finished() >= _MIN_ITEMS
        }
        best = min(costs, key=lambda n: costs[n], default=0)
        if not best or costs[best] >= left:  # what speaks against it lies elsewhere
            break
        first, found = first + best, shorter[best - 1]
    return found


def _remains(part: Evidence, seen: Observed, thresholds: Thresholds) -> float:
    """Return how many items still speak against how they are seen to go, more than may."""
    counts = ((kind, _counts(part, kind, thresholds)) for kind in {key[1] for key in part.items})
    against = (_against(one, seen, kind) for kind, one in counts)
    return sum(wrong for wrong in against if wrong > _REMAINING)


def _against(counts: _Counts, seen: Observed, kind: str) -> float:
    mode = seen.of(kind).mode
    return counts.against["full" if mode == "quality_check" and not seen.filtering else mode]


def assessed_exits(evidence: Evidence, kind: str) -> float:
    """Return the early exits of a type that had been assessed, of which the most that any evidence tells of."""
    exits, full, light = (
        float(evidence.items.get((way, kind), np.zeros(1)).sum()) for way in ("early_exit", "full", "lightweight")
    )
    histograms = [evidence.scores.get((dimension, "early_exit", kind)) for dimension in DIMENSIONS]
    scored = max(0.0 if one is None else float(one.counts.sum()) for one in histograms)
    if scored <= 0 and (margins := evidence.margins.get((kind,))) is not None:
        scored = float(margins.counts.sum()) - full - light
    return min(exits, max(scored, 0.0))


def margins_of(buckets: Buckets) -> Distribution:
    """Return the distribution of margins, which lie between -1 and 1."""
    return Distribution(buckets, floor=min(-1.0, buckets.edges[0]), ceiling=1.0)


def _counts(evidence: Evidence, kind: str, thresholds: Thresholds) -> _Counts:
    passed, light = evidence.total(evidence.items, "full", kind), evidence.total(evidence.items, "lightweight", kind)
    left = assessed_exits(evidence, kind)
    routed, filtered = (evidence.total(evidence.bypasses, reason, kind) for reason in ("content_type", "low_quality"))
    kept, exited = (_failing(evidence, way, kind, thresholds) for way in ("full", "early_exit"))
    gone = _failing(evidence, "lightweight", kind, thresholds)
    kept_below, left_below = (0.0 if one is None else one.low for one in (kept, exited))
    gone_above = 0.0 if gone is None else gone.total - gone.high
    nothing = light < 1 and kept is not None and kept.high < _NOTICED
    margins = evidence.margins.get((kind,))
    complete = margins is not None and float(margins.counts.sum()) >= max(1.0, _COMPLETE * (passed + left + light))
    if margins is not None and complete:
        below = margins_of(margins)
        surely, most = below.below(below.edge_before(0.0)).low, below.below(0.0).high
        gone_light = evidence.items.get(("lightweight", kind), np.zeros(evidence.blocks))
        below_not_gone = _most_in_a_row(surely - gone_light)
        others = max(0.0, float(margins.counts.sum()) - passed - light)  # left early, failed later, or still there
        kept_below = max(kept_below, below_not_gone - others)
        left_below = max(left_below, min(left, below_not_gone - kept_below - max(0.0, others - left)))
        gone_above = max(gone_above, _most_in_a_row(gone_light - most))
        nothing = float(most.sum()) < _NOTICED
    nothing = nothing or passed + left + light < 1
    return _Counts(passed, left, left_below, light, routed, filtered, kept_below, gone_above, complete, nothing)


def _most_in_a_row(differences: Floats) -> float:
    """Return the greatest sum of neighbouring blocks: what a stretch of time shows does not drown in the others.

    What was only counted at different moments is made up for in the next block.
    """
    total = np.concatenate([[0.0], differences.cumsum()])
    return float((total - np.minimum.accumulate(total)).max())


def _summed(buckets: Buckets) -> Buckets:
    return Buckets(buckets.edges, buckets.counts.sum(axis=0)[None])


def _surely(distribution: Distribution, value: float) -> float:
    """Return how many lie below a value for sure: what lies on it passes, and is counted in the bucket that it ends."""
    return float(distribution.below(distribution.edge_before(value)).low[0])


class _Failing(msgspec.Struct, frozen=True):
    low: float
    high: float
    total: float


def _failing(evidence: Evidence, way: str, kind: str, thresholds: Thresholds) -> _Failing | None:
    """Return how many items of one way have a score below its threshold, and of how many; None: no score is known."""
    found = [
        (Distribution(_summed(h), ceiling=1.0), least)
        for dimension, least in zip(DIMENSIONS, thresholds, strict=True)
        if (h := evidence.scores.get((dimension, way, kind))) is not None and h.counts.sum() > 0
    ]
    if not found:
        return None
    total = max(float(d.total[0]) for d, _ in found)
    most = sum(float(d.below(least).high[0]) for d, least in found) if len(found) == len(DIMENSIONS) else total
    return _Failing(max(_surely(d, least) for d, least in found), min(most, total), total)


def _inferred(counts: Collection[_Counts]) -> bool:
    """Tell whether the filter was on: items were bypassed for their quality, or there were none to bypass."""
    if any(one.filtered > 0 or (one.light > _NOTICED and _best(one, one.against) == "quality_check") for one in counts):
        return True
    return all(one.nothing_below for one in counts)


def _best(counts: _Counts, against: Mapping[Mode, float]) -> Mode:
    """Return the mode that fewest items speak against; the check, unless something noticeable does."""
    if against.get("quality_check", np.inf) <= _NOTICED and counts.routed <= counts.filtered:
        return "quality_check"
    return min(against, key=lambda mode: against[mode])


def _seen(evidence: Evidence, kind: str, counts: _Counts, routing: bool, filtering: bool) -> Seen:
    against = counts.against
    if not filtering:
        del against["quality_check"]
    if not routing:
        del against["lightweight"]
        if filtering:
            del against["full"]
    best = _best(counts, against)
    mixed = filtering and best == "quality_check" and counts.left_below > _NOTICED
    margins = (counts.complete and not mixed) or (kind,) not in evidence.margins
    if against[best] > counts.allowed:
        return Seen("quality_check", {}, _doubt(counts, filtering), _possible(counts, routing), margins=False)
    if best == "full" and not filtering:  # would be checked if the filter were on
        return Seen("quality_check", {}, margins=margins)
    standings = {way: how for way, how in _CHECKED.items() if not (mixed and way == "early_exit")}
    return Seen(best, standings if best == "quality_check" else {}, possible=(best,), margins=margins, mixed=mixed)


def _possible(counts: _Counts, routing: bool) -> tuple[Mode, ...]:
    """Return the modes that items may have gone by, when not all of them went by one."""
    found: dict[Mode, bool] = {
        "quality_check": True,
        "lightweight": routing and max(counts.gone_above, counts.routed) > _NOTICED,
        "full": routing and counts.kept_below > _NOTICED,
    }
    return tuple(mode for mode, may in found.items() if may)


def _doubt(counts: _Counts, filtering: bool) -> str:
    told = []
    if not filtering and counts.light > _NOTICED:
        told.append(f"the filter was off, but {counts.light:.0f} of {counts.items:.0f} items were bypassed")
    if counts.kept_below > _NOTICED:
        told.append(f"at least {counts.kept_below:.0f} of {counts.passed:.0f} items kept are below a threshold")
    if counts.gone_above > _NOTICED:
        told.append(f"at least {counts.gone_above:.0f} of {counts.light:.0f} items bypassed are below none")
    if counts.routed > _NOTICED and counts.passed > _NOTICED:
        told.append(f"{counts.routed:.0f} items were bypassed for their type, {counts.passed:.0f} were kept")
    return " and ".join(told) or "no one mode explains the ways that its items went"
