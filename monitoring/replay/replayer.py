"""Alerting rules replayed over recorded history, read through the query API of a real Prometheus.

Each rule's expression, recording rules inlined, is evaluated at every step of the window; `AlertHistory` makes firings
of the results. Nothing is written, no rule has to be loaded anywhere. What rules did record may be read instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from monitoring.promql.rule_files import AlertingRule, RuleError, Rules
from monitoring.promql.selectors import raw_selectors
from monitoring.replay.evaluation import Move, Rows, evaluate
from monitoring.replay.firings import AlertHistory, Firing, Labels, add_result, alert_labels
from monitoring.replay.leaves import LeafReader
from monitoring.replay.presence import PresenceFinder, begun, observed
from monitoring.replay.recorded_series import Expression, Recorded, RecordedFinder
from monitoring.servers.prometheus import PrometheusError
from monitoring.servers.range_queries import RangeReader, Window

Progress = Callable[[int, int], None]  # evaluations done, of all
_PIECE = 1440  # evaluations: a day of minutes
_LONGEST = 2 * 86_400  # s of `for` and `keep_firing_for` that are looked back for


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
    recorded: tuple[str, ...] = ()


class Replayer:
    """Replays rules over one window, within one event loop.

    What several rules, or several configurations, have in common is read once and kept: 9 bytes for each evaluation
    of each leaf (see `monitoring/replay/evaluation.py`) and label set.
    """

    def __init__(self, reader: RangeReader, window: Window, *, piece: int = _PIECE) -> None:
        self.window = window
        self._reader, self._piece = reader, piece
        self._presence = PresenceFinder(reader, window, _LONGEST)
        self._leaves = LeafReader(reader)

    async def recorded(self, rules: Rules) -> list[Recorded]:
        """Return what the history holds of the recorded series that the alerts read. Raises PrometheusError."""
        return await RecordedFinder(self._reader, self._presence, self._whole(rules, self.window.step)).find(rules)

    async def replay(
        self,
        rules: Rules,
        progress: Progress | None = None,
        recorded: Sequence[Recorded] = (),
        moves: Mapping[str, Move] | None = None,
    ) -> list[Replayed]:
        """Replay every alerting rule, in their order.

        `recorded`: series that are read instead of computed, wherever a piece of the window has all of them. `moves`,
        by alert name: what is added to the values that these alerts judge, to replay a history that never was.

        A rule that the server refuses, or that cannot be inlined, is reported with its error. Raises PrometheusError
        if the server does not answer at all.
        """
        await self._reader.times("vector(1)", Window(self.window.end, self.window.end, self.window.step))
        pieces = [self._pieces(rule, rules) for rule in rules.alerting]
        done, total = 0, sum(piece.points for of_one in pieces for piece in of_one)

        def note(evaluations: int) -> None:
            nonlocal done
            done += evaluations
            if progress:
                progress(done, total)

        def expression(rule: AlertingRule, step: int) -> Expression:
            return Expression(rule.expression, rules.recording, recorded, step, (moves or {}).get(rule.name))

        replaying = zip(rules.alerting, pieces, strict=True)
        return await asyncio.gather(*(self._guarded(rule, expression, of_one, note) for rule, of_one in replaying))

    def _pieces(self, rule: AlertingRule, rules: Rules) -> list[Window]:
        """Return the window, with what all the rules need before it, in the same pieces for all of one interval."""
        return self._whole(rules, rule.interval or self.window.step).split(self._piece)

    def _whole(self, rules: Rules, step: int) -> Window:
        lead = min(_LONGEST, max((_lead(one, step) for one in rules.alerting), default=0))
        whole = Window.ending(self.window.end, self.window.end - self.window.start, step)
        return whole.since(whole.start - lead)

    async def _guarded(
        self,
        rule: AlertingRule,
        expression: Callable[[AlertingRule, int], Expression],
        pieces: list[Window],
        note: Callable[[int], None],
    ) -> Replayed:
        try:
            return await self._one(rule, expression(rule, pieces[0].step), pieces, note)
        except (RuleError, PrometheusError) as error:
            return Replayed(rule, {}, judged=False, error=str(error))

    async def _one(
        self, rule: AlertingRule, expression: Expression, pieces: list[Window], note: Callable[[int], None]
    ) -> Replayed:
        window = self.window
        reads = tuple(raw_selectors(expression.raw))
        found = [await self._presence.find(selector) for selector in reads]
        missing = tuple(selector for selector, one in zip(reads, found, strict=True) if not one.inside(window))
        if reads and missing == reads:
            note(sum(piece.points for piece in pieces))
            return Replayed(rule, {}, 0, reads, missing, judged=False)
        start = window.start - min(_LONGEST, _lead(rule, pieces[0].step))
        start = max(start, begun(found)) if reads else start
        firings = await self._firings(rule, expression, start, pieces, note)
        seconds = observed(found, window) if reads else window.end - window.start
        used = tuple(sorted(expression.read))
        return Replayed(rule, _inside(firings, window), seconds, reads, missing, recorded=used)

    async def _firings(
        self, rule: AlertingRule, expression: Expression, start: int, pieces: list[Window], note: Callable[[int], None]
    ) -> dict[Labels, list[Firing]]:
        history = AlertHistory(rule)
        for piece in pieces:
            rows: Rows = {}
            if piece.end >= start:
                rows = await evaluate(expression.over(piece), piece, self._leaves.read)
            results = _results(rule, rows, piece)
            for at in range(max(piece.start, piece.since(start).start), piece.end + 1, piece.step):
                history.evaluate(at, results.get(at, {}))
            note(piece.points)
        return history.finish(pieces[-1].end)


def _lead(rule: AlertingRule, step: int) -> int:
    """Return how long before a window one has to begin, in seconds, to know what was firing already when it began."""
    return step * (-(-rule.hold // step) - (-rule.keep // step) + 1)


def _results(rule: AlertingRule, rows: Rows, piece: Window) -> dict[int, dict[Labels, float]]:
    results: dict[int, dict[Labels, float]] = {}
    for found, row in rows.items():
        labels = alert_labels(rule, dict(found))
        for index in np.flatnonzero(row.present).tolist():
            at = piece.start + index * piece.step
            add_result(rule, results.setdefault(at, {}), labels, float(row.values[index]))
    return results


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
