"""What cumulative buckets can and cannot say: how much lies below a value, and the mean of what lies above it.

All arrays carry replicates on their first axis (see `monitoring/history/resampling.py`); a `Range` is what is certain
about a number (low, high), and the best guess between.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from monitoring.history.blocks import Floats, Key


class Range(msgspec.Struct, frozen=True):
    """A number known to lie between `low` and `high`, most likely `point`; arrays of replicates."""

    low: Floats
    point: Floats
    high: Floats

    def clipped(self, low: Floats | float, high: Floats | float) -> Range:
        """Return the range cut down to another one."""
        return Range(*(np.clip(part, low, high) for part in (self.low, self.point, self.high)))

    def times(self, factor: Floats | float) -> Range:
        """Return the range times a number that is not negative."""
        return Range(self.low * factor, self.point * factor, self.high * factor)

    def plus(self, other: Range) -> Range:
        """Return the sum of two ranges."""
        return Range(self.low + other.low, self.point + other.point, self.high + other.high)

    def rest(self, whole: Floats | float) -> Range:
        """Return what is left of `whole`."""
        return Range(whole - self.high, whole - self.point, whole - self.low)


def exactly(value: Floats) -> Range:
    """Return a range that is one number."""
    return Range(value, value, value)


class Buckets(msgspec.Struct, frozen=True):
    """Counts per bucket (..., edges + 1), the last one above all edges. `edges` are the finite upper edges."""

    edges: tuple[float, ...]
    counts: Floats


def assemble(found: Mapping[Key, Floats], blocks: int) -> dict[Key, Buckets]:
    """Return histograms of what `sum by (..., le)` gives; the last part of each key is `le`. Shapes (blocks, buckets).

    Rises that are not cumulative (a bucket that began later than its neighbour, extrapolation) are made so.
    """
    edges = sorted({float(key[-1]) for key in found} - {float("inf")})
    if not edges:
        return {}
    place = {edge: n for n, edge in enumerate((*edges, float("inf")))}
    cumulative: dict[Key, Floats] = {}
    for key, values in found.items():
        rows = cumulative.setdefault(key[:-1], np.zeros((blocks, len(edges) + 1)))
        rows[:, place[float(key[-1])]] += values
    counts = {key: np.diff(np.maximum.accumulate(rows, axis=1), prepend=0.0) for key, rows in cumulative.items()}
    return {key: Buckets(tuple(edges), count) for key, count in counts.items()}


class Distribution:
    """Replicates (r, buckets) of a histogram; values start at `floor`, those above the last edge count as on it."""

    def __init__(self, buckets: Buckets, *, floor: float = 0.0, mean: float | None = None) -> None:
        """`mean`: the true mean where `_sum` told it; buckets' middles are shifted to agree."""
        self._edges = np.array([floor, *buckets.edges])
        inner = buckets.counts[:, :-1].copy()
        inner[:, -1] += buckets.counts[:, -1]
        self._counts = inner
        if len(self._edges) > 1 and self._edges[0] >= self._edges[1]:  # the first edge is the floor: an atom there
            self._edges[0] = self._edges[1] - (self._edges[2] - self._edges[1])
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

    def mass_below(self, value: float, support: float | None = None) -> Range:
        """Return the sum of the values below a value, for what taking them away leaves: least, likely, greatest mean.

        Least: as few as can be, each as high as its bucket allows; greatest: as many as can be, each as low.
        """
        edges = self._edges
        whole = edges[1:] <= value + 1e-9
        count = self._counts[:, whole].sum(axis=1)
        begin = float(edges[int(whole.sum())])  # of the bucket that the value cuts
        begin = begin if support is None else max(begin, support)
        part = self.below(value, support)
        part = Range(part.low - count, part.point - count, part.high - count).clipped(0.0, np.inf)
        if support is not None and value <= support:
            return exactly(np.zeros_like(self.total))
        sides = [(self._counts * side)[:, whole].sum(axis=1) for side in (edges[1:], self._middles, edges[:-1])]
        return Range(
            sides[0] + part.low * value,
            sides[1] + part.point * (min(begin, value) + value) / 2,
            sides[2] + part.high * min(begin, value),
        )

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
