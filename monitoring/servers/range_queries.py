"""Range queries of any length: in pieces that a server answers, smaller ones where it says that it is too much."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import msgspec

from monitoring.servers.prometheus import PrometheusClient, PrometheusError, Series

POINTS = 5_000  # evaluations a query: servers refuse more than 11,000, and people want to see progress
_FEWEST_POINTS = 60
_TOO_MUCH = re.compile("timed? ?out|too many|more than|limit|exceed|maximum|deadline", re.IGNORECASE)


class Window(msgspec.Struct, frozen=True):
    """Times from `start` to `end`, both included, every `step` seconds; Unix seconds, multiples of the step."""

    start: int
    end: int
    step: int

    @classmethod
    def ending(cls, end: float, length: int, step: int) -> Window:
        """Return the window of at most that length that ends at the last multiple of the step up to `end`."""
        last = int(end // step) * step
        return cls(last - length // step * step, last, step)

    @property
    def points(self) -> int:
        """How many evaluations it has."""
        return max(0, (self.end - self.start) // self.step + 1)

    def since(self, start: int) -> Window:
        """Return the window that begins at the first of its times at or after `start`, however early that is."""
        return Window(-(-start // self.step) * self.step, self.end, self.step)

    def split(self, points: int) -> list[Window]:
        """Return it in pieces of at most that many evaluations; none if it is empty."""
        size = points * self.step
        begins = range(self.start, self.end + 1, size)
        return [Window(at, min(self.end, at + size - self.step), self.step) for at in begins]


class RangeReader:
    """Reads windows from one server; at most `parallel` queries at a time."""

    def __init__(self, client: PrometheusClient, *, parallel: int = 4, points: int = POINTS) -> None:
        self._client = client
        self._points = points
        self._turn = asyncio.Semaphore(parallel)

    async def pieces(self, expression: str, window: Window) -> AsyncIterator[tuple[Window, list[Series]]]:
        """Yield the window piece by piece, each with its series. Raises PrometheusError."""
        points, begin = self._points, window.start
        while begin <= window.end:
            piece = Window(begin, min(window.end, begin + (points - 1) * window.step), window.step)
            try:
                async with self._turn:
                    series = await self._client.query_range(expression, piece.start, piece.end, piece.step)
            except PrometheusError as error:
                points = min(points, piece.points) // 2
                if points < _FEWEST_POINTS or not _TOO_MUCH.search(str(error)):
                    raise
                continue
            yield piece, series
            begin = piece.end + window.step

    async def times(self, expression: str, window: Window) -> list[int]:
        """Return the times at which an expression has a result, ascending."""
        found: set[int] = set()
        async for _, series in self.pieces(expression, window):
            found |= {round(at) for one in series for at, _ in one.points}
        return sorted(found)
