"""Alerting rules replayed over recorded history, read through the query API of a real Prometheus.

Each rule's expression, recording rules inlined, is evaluated at every step of the window; `AlertHistory` makes firings
of the results. Nothing is written, no rule has to be loaded anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import promql_parser as promql

from monitoring.firings import AlertHistory, Firing, Labels, add_result, alert_labels
from monitoring.inlining import inlined
from monitoring.prometheus import PrometheusError, Series
from monitoring.range_queries import RangeReader, Window
from monitoring.rules import AlertingRule, RuleError, Rules
from monitoring.selectors import raw_selectors

_LOOKBACK = 300  # s for which Prometheus takes a sample to be the current one, unless its series has ended
_FAR = 60  # steps between two results that are asked for apart
Progress = Callable[[int, int], None]  # evaluations done, of all


class Replayed(msgspec.Struct, frozen=True):
    """One rule's firings by label set. `missing`: what it reads and nobody recorded in the window.

    `observed`: seconds of the window for which anything that it reads was recorded. `judged`: whether there was
    anything to judge it by. `error`: why it could not be replayed, None if it was.
    """

    rule: AlertingRule
    firings: dict[Labels, list[Firing]]
    observed: int = 0
    missing: tuple[str, ...] = ()
    judged: bool = True
    error: str | None = None


class Presence(msgspec.Struct, frozen=True):
    """When a selector found anything: the first time, and the seconds inside the window."""

    first: int | None
    times: frozenset[int]


async def replay(reader: RangeReader, rules: Rules, window: Window, progress: Progress | None = None) -> list[Replayed]:
    """Replay every alerting rule over a window, in their order.

    A rule that a server refuses, or that cannot be inlined, is reported with its error. Raises PrometheusError if the
    server does not answer at all.
    """
    return await _Replay(reader, rules, window, progress).run()


class _Replay:
    def __init__(self, reader: RangeReader, rules: Rules, window: Window, progress: Progress | None) -> None:
        self._reader, self._rules, self._window, self._progress = reader, rules, window, progress
        self._presence: dict[str, asyncio.Task[Presence]] = {}  # rules share what they read
        self._lead = max((rule.hold + rule.keep for rule in rules.alerting), default=0)
        self._done, self._total = 0, len(rules.alerting) * window.points

    async def run(self) -> list[Replayed]:
        await self._reader.times("vector(1)", Window(self._window.end, self._window.end, self._window.step))
        return await asyncio.gather(*(self._guarded(rule) for rule in self._rules.alerting))

    async def _guarded(self, rule: AlertingRule) -> Replayed:
        try:
            return await self._one(rule)
        except (RuleError, PrometheusError) as error:
            return Replayed(rule, {}, judged=False, error=str(error))
        finally:
            self._done += self._window.points
            if self._progress:
                self._progress(self._done, self._total)

    async def _one(self, rule: AlertingRule) -> Replayed:
        step = rule.interval or self._window.step
        window = Window.ending(self._window.end, self._window.end - self._window.start, step)
        expression = inlined(rule.expression, self._rules.recording, interval=step)
        selectors = raw_selectors(expression)
        found = [await self._present(selector) for selector in selectors]
        missing = tuple(selector for selector, one in zip(selectors, found, strict=True) if one.first is None)
        if selectors and len(missing) == len(selectors):
            return Replayed(rule, {}, 0, missing, judged=False)
        begun = min((one.first for one in found if one.first is not None), default=window.start)
        start = max(begun, window.start - rule.hold - rule.keep)
        firings = await self._firings(rule, expression, window.since(start))
        observed = self._observed(found) if selectors else window.end - window.start
        return Replayed(rule, _inside(firings, window), observed, missing)

    async def _firings(self, rule: AlertingRule, expression: str, window: Window) -> dict[Labels, list[Firing]]:
        history = AlertHistory(rule)
        condition = cheap_condition(expression)
        async for piece, series in self._reader.pieces(condition or expression, window):
            results = _results(rule, series) if condition is None else {}
            for span in _spans(series, piece) if condition else ():
                async for _, found in self._reader.pieces(expression, span):
                    results |= _results(rule, found)
            for at in range(piece.start, piece.end + 1, piece.step):
                history.evaluate(at, results.get(at, {}))
        return history.finish(window.end)

    def _present(self, selector: str) -> asyncio.Task[Presence]:
        if selector not in self._presence:
            self._presence[selector] = asyncio.ensure_future(self._look(selector))
        return self._presence[selector]

    async def _look(self, selector: str) -> Presence:
        """Look where a selector finds anything: roughly, then precisely where it begins."""
        end, step = self._window.end, self._window.step
        steps = -(-(end - self._window.start + self._lead) // _LOOKBACK)
        rough = await self._reader.times(f"count({selector})", Window(end - steps * _LOOKBACK, end, _LOOKBACK))
        if not rough:
            return Presence(None, frozenset())
        fine = Window(0, rough[0], step).since(rough[0] - _LOOKBACK + 1)
        first = await self._reader.times(f"count({selector})", fine)
        return Presence(min([*first, rough[0]]), frozenset(rough))

    def _observed(self, found: Sequence[Presence]) -> int:
        times = frozenset[int]().union(*(one.times for one in found))
        inside = sum(self._window.start < at <= self._window.end for at in times)
        return min(inside * _LOOKBACK, self._window.end - self._window.start)


def _results(rule: AlertingRule, series: Sequence[Series]) -> dict[int, dict[Labels, float]]:
    results: dict[int, dict[Labels, float]] = {}
    for one in series:
        labels = alert_labels(rule, one.labels)
        for at, value in one.points:
            add_result(rule, results.setdefault(round(at), {}), labels, value)
    return results


def _spans(series: Sequence[Series], piece: Window) -> list[Window]:
    """Return the parts of a piece in which there are results, with the gaps between them left out if they are long."""
    spans: list[Window] = []
    for at in sorted({round(at) for one in series for at, _ in one.points}):
        if spans and at - spans[-1].end <= _FAR * piece.step:
            spans[-1] = Window(spans[-1].start, at, piece.step)
        else:
            spans.append(Window(at, at, piece.step))
    return spans


def _inside(firings: dict[Labels, list[Firing]], window: Window) -> dict[Labels, list[Firing]]:
    """Cut off what lies before the window; a firing from before it begins with it."""
    found: dict[Labels, list[Firing]] = {}
    for labels, all_of_it in firings.items():
        for one in all_of_it:
            if one.start < window.start:
                one = msgspec.structs.replace(one, start=window.start, already=True)
            if one.end > window.start:
                found.setdefault(labels, []).append(one)
    return found


def cheap_condition(expression: str) -> str | None:
    """Return an operand of a top-level `and` that looks back far less than the whole, None if there is none.

    Where it has no result the whole has none: the long windows need not be computed there.
    """
    parts = _operands(promql.parse(expression))
    whole = _longest_range(expression)
    if len(parts) == 1 or not whole:
        return None
    shortest = min((part.prettify() for part in parts), key=_longest_range)
    return shortest if _longest_range(shortest) * 2 <= whole else None


def _operands(node: promql.Expr) -> list[promql.Expr]:
    if isinstance(node, promql.ParenExpr):
        return _operands(node.expr)
    if isinstance(node, promql.BinaryExpr) and str(node.op) == "and":
        return [*_operands(node.lhs), *_operands(node.rhs)]
    return [node]


def _longest_range(expression: str) -> float:
    ranges = [0.0]

    def note(node: promql.Expr) -> None:
        if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr) and node.range:
            ranges.append(node.range.total_seconds())

    promql.walk(promql.parse(expression), note)
    return max(ranges)
