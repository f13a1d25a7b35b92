"""When the raw series that a rule reads were recorded: what was never there cannot make an alert quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from monitoring.servers.range_queries import RangeReader, Window

LOOKBACK = 300  # s for which Prometheus takes a sample to be the current one, unless its series has ended


class Presence(msgspec.Struct, frozen=True):
    """When a selector found anything. `first`: the first time, from before the window on; `times`: every 5 minutes."""

    first: int | None
    times: frozenset[int]

    def inside(self, window: Window) -> bool:
        """Tell whether anything was there in the window."""
        return any(window.start <= at <= window.end for at in self.times)


class PresenceFinder:
    """Looks for series in a window and the `before` seconds before it; each selector once."""

    def __init__(self, reader: RangeReader, window: Window, before: int) -> None:
        self._reader, self._window = reader, window
        self._steps = -(-(window.end - window.start + before) // LOOKBACK)
        self._found: dict[str, asyncio.Task[Presence]] = {}

    async def find(self, selector: str) -> Presence:
        """Return when a selector such as `up{job="pipeline"}` found anything. Raises PrometheusError."""
        if selector not in self._found:
            self._found[selector] = asyncio.ensure_future(self._look(f"count({selector})"))
        return await self._found[selector]

    async def _look(self, counted: str) -> Presence:
        """Look roughly, then precisely where it begins."""
        end = self._window.end
        rough = await self._reader.times(counted, Window(end - self._steps * LOOKBACK, end, LOOKBACK))
        if not rough:
            return Presence(None, frozenset())
        fine = Window(0, rough[0], self._window.step).since(rough[0] - LOOKBACK + 1)
        return Presence(min([*await self._reader.times(counted, fine), rough[0]]), frozenset(rough))


def begun(found: Iterable[Presence]) -> int:
    """Return when the first of the series began, of which at least one was there."""
    return min(one.first for one in found if one.first is not None)


def observed(found: Iterable[Presence], window: Window) -> int:
    """Return the seconds of the window for which any of the series was recorded, to about 10 minutes."""
    all_of_it = list(found)
    times = frozenset[int]().union(*(one.times for one in all_of_it))
    inside = sum(window.start < at <= window.end for at in times)
    return min(inside * LOOKBACK, window.end - max(window.start, begun(all_of_it)))
