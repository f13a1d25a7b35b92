"""Items that went one way, and how many of them would fall below other thresholds.

An item is below when any of four scores is below its threshold, but histograms know each score alone. What is certain
(Frechet 1935): at least as many fail as fail in the worst dimension, at most as many as fail in all of them together.
The histogram of margins (least of score minus threshold) knows the joint distribution where all thresholds move alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Distribution, Range, exactly
from monitoring.history.ratios import ratio, share_of

Standing = Literal["passed", "failed", "any"]
Thresholds = Sequence[float]  # of overall, coherence, completeness, informativeness
_COMPLETE = 0.95  # of the items have scores: as good as all, the rest is what counting at different moments makes
_USUAL_POWER, _GREATEST_POWER, _HALVINGS = 3.0, 64.0, 20


class Margins(msgspec.Struct, frozen=True):
    """The margins of all assessed items of a type, and how many items of the same standing are in other populations."""

    distribution: Distribution
    others: Floats


class Population:
    """Items of one type that went one way, under thresholds `current` that all of them passed, all failed, or neither.

    `scores`: their distributions by number of the dimension.
    """

    def __init__(
        self,
        count: Floats,
        scores: Mapping[int, Distribution],
        standing: Standing,
        current: Thresholds,
        margins: Margins | None = None,
    ) -> None:
        self.count, self.scores, self.standing, self.current, self.margins = count, scores, standing, current, margins
        self._known: dict[tuple[int, float], Range] = {}

    def failing(self, thresholds: Thresholds) -> Range:
        """Return how many would be below these thresholds."""
        pairs = list(zip(thresholds, self.current, strict=True))
        if self.standing == "failed" and all(then >= now for then, now in pairs):
            return exactly(self.count)
        if self.standing == "passed" and all(then <= now for then, now in pairs):
            return exactly(self.count * 0.0)
        share = self._by_scores(thresholds)
        if self.margins is not None:
            shifts = [round(then - now, 9) for then, now in pairs]
            by_margin = self._by_margin(thresholds, shifts, share.point)
            alike = min(shifts) == max(shifts)  # what margins are about
            share = by_margin.within(share) if alike else share.within(by_margin)
        return share.clipped(0.0, 1.0).times(self.count)

    def failing_elsewhere(self, thresholds: Thresholds) -> Floats:
        """Return how many may be below in another dimension than the overall one, at most."""
        dimensions = range(1, len(thresholds))
        found = sum((self._below(n, thresholds[n]).high for n in dimensions if n in self.scores), self.count * 0.0)
        return np.minimum(found + self._unknown(thresholds, dimensions), 1.0) * self.count

    def _by_scores(self, thresholds: Thresholds) -> Range:
        """Return the share that would be below as far as single scores tell."""
        none = self.count * 0.0
        shares = [self._below(dimension, thresholds[dimension]) for dimension in self.scores]
        if not shares:
            return Range(none, none + 0.5, none + 1.0)
        low = np.maximum.reduce([s.low for s in shares])
        unknown = self._unknown(thresholds, range(len(thresholds)))
        high = np.minimum(np.add.reduce([s.high for s in shares]) + unknown, 1.0)
        joined = np.minimum(_joined([s.point for s in shares], self._power), high)
        return Range(low * self._scored, joined, high * self._scored + 1.0 - self._scored)

    def _unknown(self, thresholds: Thresholds, dimensions: Iterable[int]) -> float:
        """Return 1 where nothing limits from above what is below: a score is missing that items may fail in, else 0."""
        missing = [n for n in dimensions if n not in self.scores]
        return float(any(self.standing != "passed" or thresholds[n] > self.current[n] for n in missing))

    @cached_property
    def _scored(self) -> float:
        """The share of the items whose scores are known, 1 if all but a few are."""
        scored = max(float(distribution.total[0]) for distribution in self.scores.values())
        share = scored / max(float(self.count[0]), 1e-9)
        return share if share < _COMPLETE else 1.0

    def _below(self, dimension: int, threshold: float) -> Range:
        """Return the share whose score in one dimension is below a threshold; remembered, since plans share values."""
        found = self._known.get((dimension, threshold))
        if found is None:
            distribution = self.scores[dimension]
            part = distribution.below(threshold, self.current[dimension] if self.standing == "passed" else None)
            found = Range(*(share_of(x, distribution.total) for x in (part.low, part.point, part.high)))
            self._known[dimension, threshold] = found
        return found

    @cached_property
    def _power(self) -> float:
        """The power p for which (sum of share^p)^(1/p) is the share that fails today, which is known.

        1: no item fails in two dimensions; the greater, the more the dimensions fail together.
        """
        if self.standing == "passed" or (self.standing == "any" and self.margins is None):
            return _USUAL_POWER
        shares = [self._below(d, self.current[d]).point[:1] for d in self.scores]
        known = 1.0 if self.standing == "failed" else float(self._margin_share(0.0).point[0])
        low, high = 1.0, _GREATEST_POWER
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if float(_joined(shares, middle)[0]) > known else (low, middle)
        return low

    def _margin_share(self, shift: float) -> Range:
        """Return the share of the population with a margin below `shift`; remembered too."""
        if (-1, shift) not in self._known:
            self._known[-1, shift] = self._margin_share_anew(shift)
        return self._known[-1, shift]

    def _margin_share_anew(self, shift: float) -> Range:
        assert self.margins is not None
        all_, others = self.margins.distribution, self.margins.others
        below = all_.below(shift)
        if self.standing == "any":
            return _without(below, all_.total, others, self.count)
        at_zero = all_.below(0.0).point
        if self.standing == "passed":
            return _without(below.less(at_zero), all_.total - at_zero, others, self.count)
        return Range(*(share_of(x, at_zero) for x in (below.low, below.point, below.high))).clipped(0.0, 1.0)

    def _by_margin(self, thresholds: Thresholds, shifts: Sequence[float], likely: Floats) -> Range:
        """Return the share that would be below as far as margins tell: at least as if all moved by the least shift."""
        least, most = self._margin_share(min(shifts)), self._margin_share(max(shifts))
        if min(shifts) == max(shifts):
            return least
        high = most.high
        if self.standing == "failed" and max(shifts) == 0.0:
            high = np.minimum(high, self._still_failing(shifts, thresholds))
        high = np.maximum(least.low, high)
        return Range(least.low, np.clip(likely, least.low, high), high)

    def _still_failing(self, shifts: Sequence[float], thresholds: Thresholds) -> Floats:
        """Return the most that may still fail when some thresholds are lowered.

        Of items less than the least lowering below, those saved that are not also below in a dimension that stays.
        """
        if any(shift == 0.0 and n not in self.scores for n, shift in enumerate(shifts)):
            return self.count * 0.0 + 1.0  # nobody knows how many are also below there
        depth = max(s for s in shifts if s < 0)
        band = self._margin_share(0.0).low - self._margin_share(depth).high
        for dimension, distribution in self.scores.items():
            if shifts[dimension] == 0.0:
                here = thresholds[dimension]
                lost = distribution.below(here).high - distribution.below(here + depth).low
                band = band - share_of(lost, distribution.total)
        return 1.0 - np.clip(band, 0.0, 1.0)


def _without(part: Range, whole: Floats, others: Floats, mine: Floats) -> Range:
    """Return which share of mine a part of all can be, when `others` of all are not mine."""
    scale = ratio(mine + others, whole)  # items are counted when finished, margins when assessed
    low, high = np.maximum(part.low * scale - others, 0.0), np.minimum(part.high * scale, mine)
    return Range(share_of(low, mine), share_of(part.point * scale, mine + others), share_of(high, mine))


def _joined(shares: Sequence[Floats], power: float) -> Floats:
    found: Floats = np.add.reduce([np.maximum(share, 0.0) ** power for share in shares]) ** (1 / power)
    return found
