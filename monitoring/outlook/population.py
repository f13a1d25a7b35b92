"""Items that went one way, and how many of them would fall below other thresholds.

An item is below when any of four scores is below its threshold, but histograms know each score alone. What is certain
(Frechet 1935): at least as many fail as fail in the worst dimension, at most as many as fail in all of them together.
The histogram of margins (least of score minus threshold) knows the joint distribution where all thresholds move alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Distribution, Range, exactly
from monitoring.history.ratios import ratio, share_of

Standing = Literal["passed", "failed", "any"]
Thresholds = Sequence[float]  # of overall, coherence, completeness, informativeness
_USUAL_POWER, _GREATEST_POWER, _HALVINGS = 3.0, 64.0, 20


class Margins(msgspec.Struct, frozen=True):
    """The margins of all assessed items of a type, and how many of these belong to other populations."""

    distribution: Distribution
    others: Floats  # items that passed (or of any standing) but are not in the population


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
        if not self.scores:
            return Range(self.count * 0.0, self.count * 0.5, self.count)
        shares = [self._below(dimension, thresholds[dimension]) for dimension in self.scores]
        share = Range(
            np.maximum.reduce([s.low for s in shares]),
            _joined([s.point for s in shares], self._power),
            np.add.reduce([s.high for s in shares]),
        )
        if self.margins is not None:
            share = self._by_margin(share, thresholds)
        return share.clipped(0.0, 1.0).times(self.count)

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
        at_zero = all_.below(0.0)
        if self.standing == "passed":
            passed = all_.total - at_zero.point
            return _without(below.plus(at_zero.times(-1.0)).clipped(0.0, np.inf), passed, others, self.count)
        return Range(*(share_of(x, at_zero.point) for x in (below.low, below.point, below.high))).clipped(0.0, 1.0)

    def _by_margin(self, share: Range, thresholds: Thresholds) -> Range:
        shifts = [round(t - c, 9) for t, c in zip(thresholds, self.current, strict=True)]
        least, most = self._margin_share(min(shifts)), self._margin_share(max(shifts))
        if min(shifts) == max(shifts):
            return Range(np.maximum(share.low, least.low), least.point, np.minimum(share.high, most.high))
        low, high = np.maximum(share.low, least.low), np.minimum(share.high, most.high)
        if self.standing == "failed" and max(shifts) == 0.0:
            high = np.minimum(high, self._still_failing(shifts, thresholds))
        high = np.maximum(low, high)
        return Range(low, np.clip(share.point, low, high), high)

    def _still_failing(self, shifts: Sequence[float], thresholds: Thresholds) -> Floats:
        """Return the most that may still fail when some thresholds are lowered.

        Of items less than the least lowering below, those saved that are not also below in a dimension that stays.
        """
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
