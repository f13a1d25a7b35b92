"""Leaves of expressions (see `evaluation.py`): asked of the server at the times that matter, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np

from monitoring.replay.evaluation import Present, Rows, merged, rows_of
from monitoring.servers.prometheus import Series
from monitoring.servers.range_queries import RangeReader, Window

_GAP = 15  # evaluations between two stretches that are asked for all the same: a query of its own costs about as much


class _Known:
    """What is known of one leaf over one window."""

    def __init__(self, window: Window) -> None:
        self.lock = asyncio.Lock()
        self.asked = np.zeros(window.points, dtype=np.bool_)
        self.rows: Rows = {}


class LeafReader:
    """Reads leaves within one event loop; keeps 9 bytes for each evaluation of each leaf and label set."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, Window], _Known] = {}

    async def read(self, text: str, window: Window, wanted: Present) -> Rows:
        """Return a leaf's rows over a window, complete at the times wanted. Raises PrometheusError, RuleError."""
        known = self._known.setdefault((text, window), _Known(window))
        async with known.lock:
            missing = list(stretches(wanted & ~known.asked))
            pieces = [_part(window, first, last) for first, last in missing]
            found = await asyncio.gather(*(self._ask(text, piece) for piece in pieces))
            known.rows = merged(known.rows, rows_of([one for series in found for one in series], window))
            for first, last in missing:
                known.asked[first : last + 1] = True
        return known.rows

    async def _ask(self, text: str, piece: Window) -> list[Series]:
        return [one async for _, series in self._reader.pieces(text, piece) for one in series]


def _part(window: Window, first: int, last: int) -> Window:
    return Window(window.start + first * window.step, window.start + last * window.step, window.step)


def stretches(wanted: Present, gap: int = _GAP) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of each stretch of times that are wanted; short gaps are part of one."""
    at = np.flatnonzero(wanted)
    if not at.size:
        return
    apart = np.flatnonzero(np.diff(at) > gap + 1)
    firsts, lasts = at[[0, *(apart + 1)]], at[[*apart, -1]]
    yield from zip(firsts.tolist(), lasts.tolist(), strict=True)
