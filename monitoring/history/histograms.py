"""What cumulative buckets can and cannot say: how much lies below a value, and the mean of what lies above it.

All arrays carry replicates on their first axis (see `monitoring/history/resampling.py`); a `Range` is what is certain
about a number (low, high), and the best guess between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from monitoring.history.blocks import Floats, Key


class Range(msgspec.Struct, frozen=True):
    """A number known to lie between `low` and `high`, most likely `point`; arrays of replicates.

    low <= point <= high always holds: ends that rounding, or evidence that disagrees, would put on the wrong side of
    the point are widened to it. A point that is not known (nan) has no ends either.
    """

    low: Floats
    point: Floats
    high: Floats

    def __post_init__(self) -> None:
        if self.low is not self.point:
            msgspec.structs.force_setattr(self, "low", np.minimum(self.low, self.point))
        if self.high is not self.point:
            msgspec.structs.force_setattr(self, "high", np.maximum(self.high, self.point))

    def clipped(self, low: Floats | float, high: Floats | float) -> Range:
        """Return the range cut down to another one."""
        return Range(*(np.clip(part, low, high) for part in (self.low, self.point, self.high)))

    def within(self, other: Range) -> Range:
        """Return what both ranges allow, the point being this one's as far as it is allowed.

        Where they have nothing in common one is wrong, and nobody knows which: then it is all that either allows.
        """
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        apart = low > high
        low = np.where(apart, np.minimum(self.low, other.low), low)
        high = np.where(apart, np.maximum(self.high, other.high), high)
        return Range(low, np.clip(self.point, low, high), high)

    def or_else(self, other: Range) -> Range:
        """Return all that either range allows; the point is this one's."""
        return Range(np.minimum(self.low, other.low), self.point, np.maximum(self.high, other.high))

    def times(self, factor: Floats | float) -> Range:
        """Return the range times a number that is not negative."""
        return Range(self.low * factor, self.point * factor, self.high * factor)

    def plus(self, other: Range) -> Range:
        """Return the sum of two ranges."""
        return Range(self.low + other.low, self.point + other.point, self.high + other.high)

    def less(self, amount: Floats) -> Range:
        """Return the range with so much taken away, not below 0."""
        return Range(*(np.maximum(part - amount, 0.0) for part in (self.low, self.point, self.high)))

    def rest(self, whole: Floats | float) -> Range:
        """Return what is left of `whole`."""
        return Range(whole - self.high, whole - self.point, whole - self.low)


class Cases(msgspec.Struct, frozen=True):
    """A number in three cases, which need not be in order: it goes with the `low`, `point` and `high` of a range."""

    low: Floats
    point: Floats
    high: Floats

    def times(self, factor: Floats | float) -> Cases:
        """Return each case times a number."""
        return Cases(self.low * factor, self.point * factor, self.high * factor)


def exactly(value: Floats) -> Range:
    """Return a range that is one number."""
    return Range(value, value, value)


class Buckets(msgspec.Struct, frozen=True):
    """Counts per bucket (..., edges + 1), the last one above all edges. `edges` are the finite upper edges."""

    edges: tuple[float, ...]
    counts: Floats


def assemble(found: Mapping[Key, Floats], blocks: int) -> dict[Key, Buckets]:
    """Return histograms of what `sum by (..., le)` gives; the last part of each key is `le`. Shapes (blocks, buckets).

    Rises that are not cumulative (a bucket that began later than its neighbour, extrapolation) are made so. Each
    histogram has the edges that it was seen with; what has no edge that is a number is none.
    """
    apart: dict[Key, dict[float, Floats]] = {}
    for (*key, le), values in found.items():
        edge = _edge(le)
        if edge is not None:
            rises = apart.setdefault(tuple(key), {})
            rises[edge] = rises.get(edge, np.zeros(blocks)) + values
    return {key: _buckets(rises, blocks) for key, rises in apart.items() if any(map(math.isfinite, rises))}


def _edge(text: str) -> float | None:
    try:
        edge = float(text)
    except ValueError:
        return None
    return None if math.isnan(edge) or edge == -math.inf else edge


def _buckets(rises: Mapping[float, Floats], blocks: int) -> Buckets:
    edges = sorted(edge for edge in rises if math.isfinite(edge))
    rows = np.stack([*(rises[edge] for edge in edges), rises.get(math.inf, np.zeros(blocks))], axis=1)
    return Buckets(tuple(edges), np.diff(np.maximum.accumulate(rows, axis=1), prepend=0.0))


class Distribution:
    """Replicates (r, buckets) of a histogram; values start at `floor` and end at `ceiling`, or at the last edge."""

    def __init__(
        self, buckets: Buckets, *, floor: float = 0.0, ceiling: float | None = None, mean: float | None = None
    ) -> None:
        """`mean`: the true mean where `_sum` told it; buckets' middles are shifted to agree."""
        edges, inner = list(buckets.edges), buckets.counts.copy()
        if ceiling is not None and edges[-1] < ceiling:
            edges.append(ceiling)
        else:
            inner = inner[:, :-1]
            inner[:, -1] += buckets.counts[:, -1]
        self._edges = np.array([floor, *edges])
        self._counts = inner
        if floor >= edges[0]:  # the first edge is the floor: an atom there
            self._edges[0] = edges[0] - (edges[1] - edges[0] if len(edges) > 1 else 1.0)
        self._below = np.concatenate([np.zeros((len(inner), 1)), inner.cumsum(axis=1)], axis=1)
        self.total: Floats = self._below[:, -1]
        middles = (self._edges[1:] + self._edges[:-1]) / 2
        self._middles = middles
        if mean is not None and self.total[0] > 0:
            shift = mean - float((inner[0] * middles).sum() / self.total[0])
            self._middles = np.clip(middles + shift, self._edges[:-1], self._edges[1:])

    def below(self, value: float, support: float | None = None) -> Range:
        """Return how many lie below a value.

        At an edge it is known. `support`: nothing lies below it, for another reason than the buckets.
        """
        edges, below = self._edges, self._below
        if support is not None and value <= support:
            return exactly(np.zeros_like(self.total))
        if value <= edges[0]:
            return exactly(np.zeros_like(self.total))
        if value >= edges[-1]:
            return exactly(self.total)
        n = int(np.searchsorted(edges, value - 1e-9))
        if abs(edges[n] - value) < 1e-9:
            return exactly(below[:, n])
        low, high = below[:, n - 1], below[:, n]
        if support is not None and support > edges[n - 1]:
            share = (value - support) / (edges[n] - support)
            return Range(low, low + share * (high - low), high)
        return Range(low, np.clip(self._between(n, value, support), low, high), high)

    def edge_before(self, value: float) -> float:
        """Return the last edge that lies before a value; a bucket also holds what lies on its upper edge."""
        before = self._edges[self._edges < value - 1e-9]
        return float(before[-1]) if len(before) else float(self._edges[0])

    def _between(self, n: int, value: float, support: float | None) -> Floats:
        """Return the monotone cubic (Fritsch & Carlson 1980) through the cumulative counts."""
        width = np.diff(self._edges)
        slope = self._counts / width
        padded = np.pad(slope, ((0, 0), (1, 1)))
        left, right = _tangent(padded[:, n - 1], slope[:, n - 1]), _tangent(slope[:, n - 1], padded[:, n + 1])
        if support is not None and abs(self._edges[n - 1] - support) < 1e-9:  # cut off there, not tailing off
            left = slope[:, n - 1]
        t, h = (value - self._edges[n - 1]) / width[n - 1], width[n - 1]
        a, b = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2
        c, d = t * t * (3 - 2 * t), t * t * (t - 1)
        found: Floats = a * self._below[:, n - 1] + b * h * left + c * self._below[:, n] + d * h * right
        return found

    def mass_below(self, value: float, support: float | None = None) -> Cases:
        """Return the sum of the values below a value, for what taking them away leaves: least, likely, greatest mean.

        Least: as few as can be (`low` of `below`), each as high as its bucket allows; greatest: as many, each as low.
        """
        edges = self._edges
        if support is not None and value <= support:
            return Cases(*(np.zeros_like(self.total),) * 3)
        whole = edges[1:] <= value + 1e-9
        count = self._counts[:, whole].sum(axis=1)
        begin = float(edges[int(whole.sum())])  # of the bucket that the value cuts
        begin = begin if support is None else max(begin, support)
        part = self.below(value, support).less(count)
        sides = [(self._counts * side)[:, whole].sum(axis=1) for side in (edges[1:], self._middles, edges[:-1])]
        return Cases(
            sides[0] + part.low * value,
            sides[1] + part.point * (min(begin, value) + value) / 2,
            sides[2] + part.high * min(begin, value),
        )

    def least_of(self, count: Floats, least: float) -> Floats:
        """Return the least that `count` values, all of them `least` or more, can add up to."""
        edges = np.maximum(self._edges[:-1], least)
        return self._mass_of(count, np.where(self._edges[1:] > least + 1e-9, self._counts, 0.0), edges)

    def most_of(self, count: Floats) -> Floats:
        """Return the most that `count` values can add up to."""
        return self._mass_of(count, self._counts[:, ::-1], self._edges[:0:-1])

    def _mass_of(self, count: Floats, counts: Floats, values: Floats) -> Floats:
        """Return what the first `count` of some counts add up to, each of the value that stands beside it."""
        before = counts.cumsum(axis=1) - counts
        taken = np.clip(count[:, None] - before, 0.0, counts)
        found: Floats = (taken * values).sum(axis=1)
        return found

    def sum_all(self) -> Floats:
        """Return the sum of all values."""
        found: Floats = (self._counts * self._middles).sum(axis=1)
        return found

    def variance(self) -> float:
        """Return the variance of one value, from the buckets' middles."""
        n = max(float(self.total[0]), 1e-9)
        mean = float((self._counts[0] * self._middles).sum()) / n
        return float((self._counts[0] * (self._middles - mean) ** 2).sum()) / n


def _tangent(one: Floats, other: Floats) -> Floats:
    both = one + other
    found: Floats = np.where((one > 0) & (other > 0), 2 * one * other / np.where(both > 0, both, 1.0), 0.0)
    return found
