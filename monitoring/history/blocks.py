"""Counters over a window, cut into blocks of time: how much each series rose in each block.

Only the query API is used, and only raw families, so that it works on Prometheus, Mimir, Thanos and VictoriaMetrics, at
any scrape spacing: blocks are so long that each holds several scrapes. `increase` takes care of counter resets; its
extrapolation (VictoriaMetrics has none) makes single counts about right and leaves ratios as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitoring.history.counts import counted, selector
from monitoring.servers.prometheus import PrometheusClient, Series
from monitoring.wording.durations import format_duration
from pipeline.domains.content.families import ITEMS

Floats = NDArray[np.float64]
Key = tuple[str, ...]
Progress = Callable[[int, int], None]  # (steps done, steps known so far)

BLOCKS = 42  # at most: a week in stretches of four hours; below the 50 points at which VictoriaMetrics rounds times
_SCRAPES = 4  # at least, in a block: two make an increase, more keep what extrapolation adds small
_LOOKS = 48  # steps in which the window is looked at first
GREATEST = 2.0**53  # beyond it numbers no longer count by ones: no count of anything, nor is infinity
_PIECE_SECONDS = 7 * 86_400  # longest stretch asked for at once
_ANY = ITEMS.name  # the family that shows when there was anything


def silent(done: int, known: int) -> None:
    """Tell nobody."""


class Grid(msgspec.Struct, frozen=True):
    """`blocks` stretches of `block_seconds` that end at `end` (Unix seconds)."""

    end: float
    block_seconds: int
    blocks: int

    @property
    def start(self) -> float:
        """Where the first block begins (Unix seconds)."""
        return self.end - self.blocks * self.block_seconds


class History(Protocol):
    """Where increases come from; the keys of an answer are the values of the labels in `by`."""

    blocks: int

    async def increases(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return how much the sum of the matching series rose in each block; nan where one of them holds no count."""

    async def levels(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return where the greatest of the matching gauges stood at the end of each block (nan: nowhere)."""

    async def totals(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return how much the matching counters rose from block `since` on, in one: what blocks lose between them."""

    async def counts(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return the same counted from the samples themselves."""


class PrometheusHistory:
    """Asks a server for increases. `progress` is told of every answer."""

    def __init__(self, client: PrometheusClient, grid: Grid, progress: Progress = silent, expected: int = 1) -> None:
        self._client, self._grid, self._progress = client, grid, progress
        self.blocks = grid.blocks
        self._done, self._known = 0, max(expected, 1) * len(list(self._pieces()))

    async def increases(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return how much the sum of the matching series rose in each block. Raises PrometheusError.

        Nan where one of them holds no count (infinity, NaN).
        """
        block = format_duration(self._grid.block_seconds)
        expression = f"sum by ({', '.join(by)}) (increase({selector(series, where)}[{block}]))"
        return await self._ask(expression, by, 0.0)

    async def levels(self, series: str, by: Key, where: Mapping[str, str] | None = None) -> dict[Key, Floats]:
        """Return where the greatest of the matching gauges stood at the end of each block. Raises PrometheusError."""
        block = format_duration(self._grid.block_seconds)
        expression = f"max by ({', '.join(by)}) (last_over_time({selector(series, where)}[{block}]))"
        return await self._ask(expression, by, math.nan)

    async def totals(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return how much the matching counters rose from block `since` on. Raises PrometheusError.

        Extrapolated at the ends alone; the sum of all blocks is extrapolated at each of theirs. Nan as for increases.
        """
        found, size = dict[Key, float](), max(1, _PIECE_SECONDS // self._grid.block_seconds)
        for last in range(self.blocks, since, -size):
            span = format_duration(min(size, last - since) * self._grid.block_seconds)
            at = self._grid.start + last * self._grid.block_seconds
            text = f"sum by ({', '.join(by)}) (increase({selector(series, where)}[{span}]))"
            for one in await self._client.query(text, at):
                key = tuple(one.labels.get(name, "") for name in by)
                found[key] = found.get(key, 0.0) + (one.value if abs(one.value) <= GREATEST else math.nan)
        return found

    async def counts(self, series: str, by: Key, where: Mapping[str, str] | None, since: int) -> dict[Key, float]:
        """Return how much the matching counters rose from block `since` on, exactly. Raises PrometheusError.

        Every sample is read: only for few items, where a limit decides that extrapolation may miss.
        """
        start, size = self._grid.start + since * self._grid.block_seconds, self._grid.block_seconds
        return await counted(self._client, selector(series, where), by, start, self._grid.end, size)

    async def _ask(self, expression: str, by: Key, missing: float) -> dict[Key, Floats]:
        grid, found = self._grid, dict[Key, Floats]()
        for first, last in self._pieces():
            begin, end = (grid.start + n * grid.block_seconds for n in (first, last))
            for one in await self._client.query_range(expression, begin, end, grid.block_seconds):
                self._place(one, by, found, missing)
            self._done += 1
            self._known = max(self._known, self._done)
            self._progress(self._done, self._known)
        return found

    def _place(self, one: Series, by: Key, found: dict[Key, Floats], missing: float) -> None:
        key = tuple(one.labels.get(name, "") for name in by)
        values = found.setdefault(key, np.full(self.blocks, missing))
        for at, value in one.points:
            block = round((at - self._grid.start) / self._grid.block_seconds) - 1
            if 0 <= block < self.blocks:
                values[block] = value if abs(value) <= GREATEST else math.nan

    def _pieces(self) -> list[tuple[int, int]]:
        size = max(1, _PIECE_SECONDS // self._grid.block_seconds)
        ends = range(0, self.blocks, size)
        return [(first + 1, min(first + size, self.blocks)) for first in ends]


async def find_grid(client: PrometheusClient, end: float, window: int, versions: Collection[str] = ()) -> Grid | None:
    """Return the blocks in which the part of the window (seconds before `end`) that has any data is read.

    Of several configurations (those named; by default all) the one scraped most seldom decides how long a block is.
    None: nothing was scraped, or only once. Raises PrometheusError.
    """
    step = max(1, -(-window // _LOOKS))
    start = end - window
    expression = f"max by (config_version) (count_over_time({_ANY}[{format_duration(step)}]))"
    looks = await client.query_range(expression, start + step, start + _LOOKS * step, step)
    seen = [one.points for one in looks if not versions or one.labels.get("config_version", "") in versions]
    scraped = [found for points in seen if (found := _scraped(points, step))]
    if not scraped:
        return None
    span = end - max(start, min(first for first, _ in scraped))
    spacing = max(spacing for _, spacing in scraped)
    blocks = int(min(BLOCKS, max(1.0, span // (_SCRAPES * spacing))))
    return Grid(end, math.ceil(span / blocks), blocks)


def _scraped(points: list[tuple[float, float]], step: int) -> tuple[float, float] | None:
    """Return since when a configuration was scraped, and how far apart; None for fewer than two scrapes."""
    seen = [(at, n) for at, n in points if n > 0]
    scrapes = sum(n for _, n in seen)
    if scrapes < 2:
        return None
    first, last = seen[0][0] - step, seen[-1][0]
    return first, (last - first) / (scrapes - 1)
