"""A world's increases without a server: what `PrometheusHistory` would answer if scrapes were perfect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from bench.backfill import Floats, Series
from monitoring.history.blocks import Key


class WorldHistory:
    """Answers from series scraped exactly at the edges of the blocks; a `monitoring.history.blocks.History`."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._series: dict[str, list[Series]] = {}
        for one in series:
            self._series.setdefault(one.name, []).append(one)
        self.blocks = len(next(iter(self._series.values()))[0].times) - 1

    async def increases(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return how much the sum of the matching series rose in each block."""
        found: dict[Key, Floats] = {}
        for key, one in self._matching(series, by, where):
            with np.errstate(invalid="ignore"):  # infinity less infinity is no number, as on a server
                found[key] = found.get(key, np.zeros(self.blocks)) + np.diff(one.values)
        return found

    async def levels(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return where the matching gauge stood at the end of each block."""
        return {key: one.values[1:] for key, one in self._matching(series, by, where)}

    async def totals(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return how much the matching series rose from block `since` on."""
        found = await self.increases(series, by, where)
        return {key: float(values[since:].sum()) for key, values in found.items()}

    counts = totals

    def _matching(self, series: str, by: Key, where: Mapping[str, str] | None) -> Iterable[tuple[Key, Series]]:
        for one in self._series.get(series, ()):
            if all(one.labels.get(name) == value for name, value in (where or {}).items()):
                yield tuple(one.labels.get(name, "") for name in by), one
