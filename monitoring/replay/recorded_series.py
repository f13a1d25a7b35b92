"""Recorded series that a history holds without a gap, and expressions that read them in place of the raw ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import promql_parser as promql

from monitoring.promql.inlining import inlined
from monitoring.promql.rule_files import RecordingRule, RuleError, Rules
from monitoring.promql.selectors import quoted, raw_selectors, recorded_names
from monitoring.replay.evaluation import Move, Node, moved, taken_apart
from monitoring.replay.leaves import stretches
from monitoring.replay.presence import PresenceFinder, begun
from monitoring.servers.range_queries import RangeReader, Window
from monitoring.wording.durations import format_duration

_LATE = 20  # evaluations that a rule may take to say something for the first time, if it has nothing to say before
_TOO_MANY = 0.05  # gaps for each evaluation
Span = tuple[int, int]  # first and last time, Unix seconds


class Recorded(msgspec.Struct, frozen=True):
    """One recorded series that alerts read. `gaps`: where it is missing; `reason`: why it cannot be read at all."""

    name: str
    gaps: tuple[Span, ...] = ()
    reason: str | None = None

    def covers(self, window: Window) -> bool:
        """Tell whether it may be read over all of a window."""
        return self.reason is None and not any(a <= window.end and b >= window.start for a, b in self.gaps)


class RecordedFinder:
    """Looks for what the rules have recorded at every time of a window."""

    def __init__(self, reader: RangeReader, presence: PresenceFinder, window: Window) -> None:
        self._reader, self._presence, self._window = reader, presence, window

    async def find(self, rules: Rules) -> list[Recorded]:
        """Return the state of every recorded series that alerts read, through others too. Raises PrometheusError."""
        names = sorted(reached(rules).items())
        return await asyncio.gather(*(self._one(name, plain, rules) for name, plain in names))

    async def _one(self, name: str, plain: bool, rules: Rules) -> Recorded:
        if not plain:
            return Recorded(name, reason="read with a range or an offset")
        window = self._window
        mine = [rule for rule in rules.recording if rule.name == name]
        found = await asyncio.gather(*(self._gaps(rule, rules) for rule in mine))
        gaps = sorted(gap for of_one in found for gap in of_one)
        if (window.start, window.end) in gaps:
            return Recorded(name, reason="not recorded")
        if len(gaps) > _TOO_MANY * window.points:
            return Recorded(name, reason=f"recorded less often than every {format_duration(window.step)}")
        return Recorded(name, tuple(gaps))

    async def _gaps(self, rule: RecordingRule, rules: Rules) -> list[Span]:
        window = self._window
        labels = ",".join(f"{label}={quoted(value)}" for label, value in rule.labels.items())
        series = f"{rule.name}{{{labels}}}[{window.step * 1000 - 1}ms]"  # open at its start in every version
        there = await self._reader.times(f"count(last_over_time({series}))", window)
        missing = np.ones(window.points, dtype=np.bool_)
        missing[(np.array(there, dtype=np.intp) - window.start) // window.step] = False
        gaps = [(window.start + a * window.step, window.start + b * window.step) for a, b in stretches(missing, gap=0)]
        if there and gaps and gaps[0][0] == window.start and not await self._said(rule, rules, gaps[0]):
            gaps = gaps[1:]
        return gaps

    async def _said(self, rule: RecordingRule, rules: Rules, gap: Span) -> bool:
        """Tell whether a rule would have had anything to say in a gap at the beginning."""
        try:
            expression = inlined(rule.expression, rules.recording, interval=self._window.step)
        except RuleError:  # told where an alert is replayed that reads it
            return True
        found = [await self._presence.find(selector) for selector in raw_selectors(expression)]
        if all(one.first is None for one in found):
            return True
        first = max(gap[0], begun(found))
        if gap[1] - first > _LATE * self._window.step:
            return True
        return bool(await self._reader.times(f"count({expression})", Window(0, gap[1], self._window.step).since(first)))


class Expression:
    """An alert's expression, for each stretch of time: what is recorded in all of it is read, all else inlined."""

    def __init__(
        self,
        text: str,
        recording: Sequence[RecordingRule],
        recorded: Iterable[Recorded],
        step: int,
        move: Move | None = None,
    ) -> None:
        """Take the expression. `move`: what is added to the value that it judges (see `evaluation.py`)."""
        self._text, self._recording, self._recorded, self._step = text, recording, list(recorded), step
        self._move = move
        self.raw = inlined(text, recording, interval=step)
        self.read: set[str] = set()
        self._nodes: dict[frozenset[str], Node] = {}

    def over(self, piece: Window) -> Node:
        """Return what to evaluate over a piece; `read` has the names of the recorded series that it reads."""
        kept = frozenset(one.name for one in self._recorded if one.covers(piece))
        if kept not in self._nodes:
            rules = [rule for rule in self._recording if rule.name not in kept]
            text = inlined(self._text, rules, interval=self._step) if kept else self.raw
            node = taken_apart(text)
            self._nodes[kept] = moved(node, self._move) if self._move else node
            self.read |= {name for name, _ in _read(text)} & kept
        return self._nodes[kept]


def reached(rules: Rules) -> dict[str, bool]:
    """Return the recorded series that alerts read, through others too; True: always as they are at that time."""
    found: dict[str, bool] = {}
    for alert in rules.alerting:
        _reach(alert.expression, rules.recording, True, found)
    return found


def _reach(expression: str, recording: Sequence[RecordingRule], plain: bool, found: dict[str, bool]) -> None:
    """Note the recorded series that an expression reads; `plain`: at the time of the evaluation itself."""
    for name, here in _read(expression):
        mine = [rule for rule in recording if rule.name == name]
        now = found.get(name, True) and plain and here
        if mine and found.get(name) != now:
            found[name] = now
            for rule in mine:
                _reach(rule.expression, recording, now, found)


def _read(expression: str) -> list[tuple[str, bool]]:
    """Return the names of the series that an expression reads, and whether as they are, neither earlier nor ranges."""
    found: list[tuple[str, bool]] = []
    path: list[promql.Expr] = []

    def enter(node: promql.Expr) -> None:
        path.append(node)
        if isinstance(node, promql.VectorSelector):
            ranges = any(isinstance(above, promql.MatrixSelector | promql.SubqueryExpr) for above in path)
            plain = not (ranges or node.offset or node.at)
            found.extend((name, plain) for name in recorded_names(node) or ())

    def leave(_: promql.Expr) -> None:
        path.pop()

    promql.transform(promql.parse(expression), enter, leave)
    return found
