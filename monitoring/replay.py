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
from monitoring.presence import PresenceFinder, begun, observed
from monitoring.prometheus import PrometheusError, Series
from monitoring.range_queries import RangeReader, Window
from monitoring.rules import AlertingRule, RuleError, Rules
from monitoring.selectors import raw_selectors

_FAR = 60  # steps between two results that are asked for apart
Progress = Callable[[int, int], None]  # evaluations done, of all


class Replayed(msgspec.Struct, frozen=True):
    """One rule's firings by label set. `reads`: its raw selectors; `missing`: those that found nothing in the window.

    `observed`: seconds of the window for which anything that it reads was recorded. `judged`: whether there was
    anything to judge it by. `error`: why it could not be replayed, None if it was.
    """

    rule: AlertingRule
    firings: dict[Labels, list[Firing]]
    observed: int = 0
    reads: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    judged: bool = True
    error: str | None = None


class Replayer:
    """Replays rules over one window. What several rules, or several configurations, have in common is read once.

    For one event loop. `longest`: seconds of `for` and `keep_firing_for` together that rules may have.
    """

    def __init__(self, reader: RangeReader, window: Window, *, longest: int = 2 * 86_400) -> None:
        self.window = window
        self._reader, self._longest = reader, longest
        self._presence = PresenceFinder(reader, window, longest)
        self._known: dict[tuple[object, ...], asyncio.Task[Replayed]] = {}

    async def replay(self, rules: Rules, progress: Progress | None = None) -> list[Replayed]:
        """Replay every alerting rule, in their order.

        A rule that the server refuses, or that cannot be inlined, is reported with its error. Raises PrometheusError
        if the server does not answer at all.
        """
        done, total = 0, len(rules.alerting) * self.window.points
        await self._reader.times("vector(1)", Window(self.window.end, self.window.end, self.window.step))

        async def one(rule: AlertingRule) -> Replayed:
            nonlocal done
            found = await self._guarded(rule, rules)
            done += self.window.points
            if progress:
                progress(done, total)
            return found

        return await asyncio.gather(*map(one, rules.alerting))

    async def _guarded(self, rule: AlertingRule, rules: Rules) -> Replayed:
        step = rule.interval or self.window.step
        try:
            expression = inlined(rule.expression, rules.recording, interval=step)
            raw = msgspec.structs.replace(rule, expression=expression, interval=step)
            key = (raw.name, expression, raw.hold, raw.keep, step, *sorted(raw.labels.items()))
            if key not in self._known:
                self._known[key] = asyncio.ensure_future(self._one(raw))
            return await self._known[key]
        except (RuleError, PrometheusError) as error:
            return Replayed(rule, {}, judged=False, error=str(error))

    async def _one(self, rule: AlertingRule) -> Replayed:
        """Replay a rule that reads raw series only."""
        window = Window.ending(self.window.end, self.window.end - self.window.start, rule.interval or self.window.step)
        reads = tuple(raw_selectors(rule.expression))
        found = [await self._presence.find(selector) for selector in reads]
        missing = tuple(selector for selector, one in zip(reads, found, strict=True) if not one.inside(window))
        if reads and missing == reads:
            return Replayed(rule, {}, 0, reads, missing, judged=False)
        start = window.start - min(_lead(rule, window.step), self._longest)
        start = max(start, begun(found)) if reads else start
        firings = await self._firings(rule, window.since(start))
        seconds = observed(found, window) if reads else window.end - window.start
        return Replayed(rule, _inside(firings, window), seconds, reads, missing)

    async def _firings(self, rule: AlertingRule, window: Window) -> dict[Labels, list[Firing]]:
        history = AlertHistory(rule)
        condition = cheap_condition(rule.expression)
        async for piece, series in self._reader.pieces(condition or rule.expression, window):
            results = _results(rule, series) if condition is None else {}
            for span in _spans(series, piece) if condition else ():
                async for _, found in self._reader.pieces(rule.expression, span):
                    results |= _results(rule, found)
            for at in range(piece.start, piece.end + 1, piece.step):
                history.evaluate(at, results.get(at, {}))
        return history.finish(window.end)


def _lead(rule: AlertingRule, step: int) -> int:
    """Return how long before a window one has to begin, in seconds, to know what was firing already when it began."""
    return step * (-(-rule.hold // step) - (-rule.keep // step) + 1)


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
