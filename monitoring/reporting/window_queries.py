"""Questions to Prometheus about one window: a few at a time, counted, answered as plain dictionaries.

Signals have much in common: each sum that they are made of is asked for once (see `monitoring/replay/evaluation.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from monitoring.domains.signal import Signal
from monitoring.history.blocks import GREATEST, Progress, silent
from monitoring.history.counts import counted
from monitoring.promql.expressions import expression, term_text, volume
from monitoring.replay.evaluation import Leaf, Node, Present, Rows, evaluate, rows_of, taken_apart
from monitoring.servers.prometheus import PrometheusClient, Sample, Series
from monitoring.servers.range_queries import Window
from monitoring.wording.durations import format_duration

Key = tuple[str, ...]  # the values of the labels that were asked for
Answer = TypeVar("Answer")
_TOGETHER = 3  # a small Prometheus is busy with more
_LOOKBACK, _LOOKS = 900, 42  # s before a window, at least, in which the last sample before it is looked for


class Tally:
    """How many questions there are and how many were answered; what asks together counts together."""

    def __init__(self, progress: Progress = silent, together: int = _TOGETHER) -> None:
        self._progress = progress
        self._free = asyncio.Semaphore(together)
        self._known = self._done = 0
        self._asked: dict[tuple[str, float, int, int], asyncio.Task[list[Series]]] = {}

    async def ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Wait for a turn, then ask and wait for the answer."""
        self._known += 1
        async with self._free:
            answer = await question()
        self._done += 1
        self._progress(self._done, self._known)
        return answer

    async def once(self, client: PrometheusClient, text: str, at: float, step: int, points: int) -> list[Series]:
        """Return an expression at so many times up to `at`, `step` seconds apart; each once. Raises PrometheusError."""
        key = (text, at, step, points)
        if key not in self._asked:
            begin = at - (points - 1) * step
            asking = self.ask(lambda: client.query_range(text, begin, at, step))
            self._asked[key] = asyncio.ensure_future(asking)
        return await self._asked[key]


class Questions:
    """Asks about the `window` seconds before `at` (Unix seconds), from the raw families alone."""

    def __init__(self, client: PrometheusClient, at: float, window: int, tally: Tally | None = None) -> None:
        self.client, self.at, self.window = client, at, window
        self._tally = tally or Tally()

    @property
    def start(self) -> float:
        """Where the window begins (Unix seconds)."""
        return self.at - self.window

    @property
    def over(self) -> str:
        """The window as PromQL writes it."""
        return format_duration(self.window)

    def about(self, at: float, window: int) -> Questions:
        """Return questions about another window, counted together with these."""
        return Questions(self.client, at, window, self._tally)

    async def signal(self, signal: Signal, by: Key = ()) -> dict[Key, float]:
        """Return a signal over the window, split by labels; what has no value is not there."""
        return await self.values(expression(signal, self.over, by=by), by)

    async def volume(self, signal: Signal, by: Key = ()) -> dict[Key, float]:
        """Return how many items a signal rests on."""
        return await self.values(volume(signal, self.over, by=by), by)

    async def missing(self, signal: Signal) -> str:
        """Return a family that a ratio of several families needs and nobody exposes, empty if all are there.

        Among several a missing one counts 0 (see `expressions.summed`), which is right only while somebody exposes it.
        """
        families = dict.fromkeys(term.series for term in (*signal.numerator, *signal.denominator))
        if signal.kind == "ratio" and len(families) > 1:
            for family in families:
                text = f"count(last_over_time({family}[{self.over}]))"
                if not await self._tally.once(self.client, text, self.at, 1, 1):
                    return family
        return ""

    async def counted(self, signal: Signal) -> float | None:
        """Return how many items a signal rests on, counted by the samples themselves; None for one that counts none.

        Only for few items: every sample is read.
        """
        if not signal.counted or any(term.function != "increase" for term in signal.counted):
            return None
        lookback = max(_LOOKBACK, self.window // _LOOKS)
        found = [
            await self._tally.ask(partial(counted, self.client, term_text(term, ""), (), self.start, self.at, lookback))
            for term in signal.counted
        ]
        return sum(sum(one.values()) for one in found)

    async def values(self, text: str, by: Key = ()) -> dict[Key, float]:
        """Return the values of an expression at the end of the window, by the labels named."""
        return {key_of(s.labels, by): s.value for s in await self.samples(text) if abs(s.value) <= GREATEST}

    async def value(self, text: str) -> float | None:
        """Return the one value of an expression, None if it has none."""
        return (await self.values(text)).get(())

    async def samples(self, text: str) -> list[Sample]:
        """Return an expression's series at the end of the window. Raises PrometheusError."""
        node = taken_apart(text)
        if isinstance(node, Leaf):
            return await self._tally.ask(lambda: self.client.query(text, self.at))
        found = await self._evaluated(node, 1, 1)
        return [Sample(dict(labels), float(row.values[0]), self.at) for labels, row in found.items()]

    async def course(self, text: str, step: int) -> list[Series]:
        """Return an expression at the end of each of the window's slots of `step` seconds. Raises PrometheusError.

        Slots are counted back from the end of the window; what is left over at its beginning belongs to none.
        """
        slots, node = max(1, self.window // step), taken_apart(text)
        if isinstance(node, Leaf):
            return await self._tally.once(self.client, text, self.at, step, slots)
        times = [self.at - (slots - 1 - n) * step for n in range(slots)]
        return [
            Series(dict(labels), [(times[n], float(row.values[n])) for n in np.flatnonzero(row.present).tolist()])
            for labels, row in (await self._evaluated(node, step, slots)).items()
        ]

    async def _evaluated(self, node: Node, step: int, points: int) -> Rows:
        """Return the rows of an expression, in slots counted from 0; what it is made of is asked for once."""
        window = Window(0, (points - 1) * step, step)
        begin = self.at - (points - 1) * step

        async def read(text: str, _: Window, __: Present) -> Rows:
            found = await self._tally.once(self.client, text, self.at, step, points)
            return rows_of(
                [Series(one.labels, [(at - begin, value) for at, value in one.points]) for one in found], window
            )

        return await evaluate(node, window, read)


def key_of(labels: Mapping[str, str], by: Sequence[str]) -> Key:
    """Return the values of the labels named, empty for one that is not there."""
    return tuple(labels.get(name, "") for name in by)
