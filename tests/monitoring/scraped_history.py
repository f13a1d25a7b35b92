"""A history without a server: what Prometheus makes of scraped samples, resets and extrapolation included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from bench.backfill import Floats, Series
from bench.worlds import Integers
from monitoring.history.blocks import Key
from monitoring.history.counts import Samples, rise

_FAR = 1.1  # times the usual spacing: farther than that from a sample nothing is extrapolated


class ScrapedHistory:
    """Answers from samples at any times; a `monitoring.history.blocks.History` of `blocks` stretches up to `end`."""

    def __init__(self, series: Iterable[Series], start: float, end: float, blocks: int) -> None:
        self._series: dict[str, list[Series]] = {}
        for one in series:
            self._series.setdefault(one.name, []).append(one)
        self._edges = np.linspace(start, end, blocks + 1)
        self.blocks = blocks

    async def increases(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return how much the sum of the matching series rose in each block, as `increase` has it."""
        found: dict[Key, Floats] = {}
        for key, one in self._matching(series, by, where):
            risen = self._increase(one, self._edges)
            if np.isfinite(risen).any():
                found[key] = found.get(key, np.zeros(self.blocks)) + np.nan_to_num(risen)
        return found

    async def levels(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return the greatest last sample of the matching gauges in each block."""
        found: dict[Key, Floats] = {}
        for key, one in self._matching(series, by, where):
            first, last = _within(one, self._edges)
            values = np.where(last >= first, one.values[np.maximum(last, 0)], np.nan)
            found[key] = np.fmax(found.get(key, values), values)
        return found

    async def totals(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return how much the matching series rose from block `since` on, as one `increase` has it."""
        found: dict[Key, float] = {}
        for key, one in self._matching(series, by, where):
            (risen,) = self._increase(one, np.array([self._edges[since], self._edges[-1]]))
            found[key] = found.get(key, 0.0) + float(np.nan_to_num(risen))
        return found

    async def counts(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return how much the matching series rose from block `since` on, by their samples."""
        found: dict[Key, float] = {}
        known: dict[str, float] = {}
        for one in self._series.get(series, ()):
            instance = one.labels.get("instance", "")
            known[instance] = min(known.get(instance, np.inf), float(one.times[0]))
        for key, one in self._matching(series, by, where):
            points = list(zip(one.times.tolist(), one.values.tolist(), strict=True))
            samples = Samples(one.labels, points, known[one.labels.get("instance", "")])
            risen = rise(samples, float(self._edges[since]), float(self._edges[-1]))
            found[key] = found.get(key, 0.0) + risen
        return found

    def _matching(self, series: str, by: Key, where: Mapping[str, str] | None) -> Iterable[tuple[Key, Series]]:
        for one in self._series.get(series, ()):
            if all(one.labels.get(name, "") == value for name, value in (where or {}).items()):
                yield tuple(one.labels.get(name, "") for name in by), one

    def _increase(self, one: Series, edges: Floats) -> Floats:
        first, last = _within(one, edges)
        there = last > first
        first, last = np.where(there, first, 0), np.where(there, last, 0)
        steps = np.diff(one.values)
        total = np.concatenate([[0.0], np.where(steps < 0, one.values[1:], steps).cumsum()])
        risen, times = total[last] - total[first], one.times
        length = np.where(there, times[last] - times[first], 1.0)
        usual = length / np.maximum(last - first, 1)
        before, after = times[first] - edges[:-1], edges[1:] - times[last]
        before = np.where(before >= _FAR * usual, usual / 2, before)
        after = np.where(after >= _FAR * usual, usual / 2, after)
        to_zero = np.where(risen > 0, length * one.values[first] / np.where(risen > 0, risen, 1.0), np.inf)
        before = np.minimum(before, to_zero)
        found: Floats = np.where(there, risen * (length + before + after) / length, np.nan)
        return found


def _within(one: Series, edges: Floats) -> tuple[Integers, Integers]:
    """Return the first and the last sample in each block; last < first where there is none."""
    first, last = (np.searchsorted(one.times, part, side="right") for part in (edges[:-1], edges[1:]))
    return first, last - 1
