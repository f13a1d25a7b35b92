"""The life of an alert, evaluation by evaluation, as Prometheus' rule manager lives it.

Follows `AlertingRule.Eval` of Prometheus (rules/alerting.go, the same from 2.42 to 3.x): an alert is pending from the
first evaluation with a result, fires at the first one at which it has been pending for `for`, and ends at the first one
without a result; with `keep_firing_for` at the first one that long after the result went missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from monitoring.promql.rule_files import AlertingRule, Direction, RuleError

Labels = tuple[tuple[str, str], ...]  # sorted pairs, alertname apart


class Firing(msgspec.Struct, frozen=True):
    """One firing: times in Unix seconds. `peak`: the worst value while it fired, None if there was no finite one.

    `ongoing`: it was still firing at `end`, where the replay ended. `already`: it was firing when the window began.
    """

    start: float
    end: float
    peak: float | None
    ongoing: bool = False
    already: bool = False

    @property
    def seconds(self) -> float:
        """How long it fired."""
        return self.end - self.start


class _Alert:
    """One label set that is pending or firing."""

    __slots__ = ("active_at", "fired_at", "keep_since", "peak")

    def __init__(self, active_at: float) -> None:
        self.active_at = active_at
        self.fired_at: float | None = None
        self.keep_since: float | None = None
        self.peak: float | None = None


class AlertHistory:
    """Takes the results of one rule's evaluations in their order and keeps every firing."""

    def __init__(self, rule: AlertingRule) -> None:
        self._rule = rule
        self._worse = rule.direction
        self._active: dict[Labels, _Alert] = {}
        self._firings: dict[Labels, list[Firing]] = {}

    def evaluate(self, at: float, result: Mapping[Labels, float]) -> None:
        """Take the result at one time: the value of each label set that is there."""
        for labels in result:
            if labels not in self._active:
                self._active[labels] = _Alert(at)
        for labels, alert in list(self._active.items()):
            if (value := result.get(labels)) is None:
                self._without_result(at, labels, alert)
                continue
            alert.keep_since = None
            if alert.fired_at is None and at - alert.active_at >= self._rule.hold:
                alert.fired_at = at
            if alert.fired_at is not None:
                alert.peak = _worst(self._worse, alert.peak, value)

    def _without_result(self, at: float, labels: Labels, alert: _Alert) -> None:
        if alert.fired_at is not None and self._rule.keep:
            alert.keep_since = at if alert.keep_since is None else alert.keep_since
            if at - alert.keep_since < self._rule.keep:
                return
        del self._active[labels]
        if alert.fired_at is not None:
            self._keep(labels, Firing(alert.fired_at, at, alert.peak))

    def _keep(self, labels: Labels, firing: Firing) -> None:
        self._firings.setdefault(labels, []).append(firing)

    def finish(self, at: float) -> dict[Labels, list[Firing]]:
        """End the replay at a time and return the firings of each label set; what still fires is ongoing."""
        for labels, alert in self._active.items():
            if alert.fired_at is not None:
                self._keep(labels, Firing(alert.fired_at, at, alert.peak, ongoing=True))
        self._active.clear()
        return self._firings


def alert_labels(rule: AlertingRule, metric: Mapping[str, str]) -> Labels:
    """Return the labels of an alert: those of the result, then the rule's own; neither metric nor alert name."""
    together = {**metric, **rule.labels}
    return tuple(sorted((k, v) for k, v in together.items() if v and k not in ("__name__", "alertname")))


def add_result(rule: AlertingRule, result: dict[Labels, float], labels: Labels, value: float) -> None:
    """Add one label set to a result. Raises RuleError for one that is there already, as Prometheus does."""
    if labels in result:
        raise RuleError(f"alert {rule.name}: two results have the same labels once the rule's own are added")
    result[labels] = value


def _worst(direction: Direction, known: float | None, value: float) -> float | None:
    if not math.isfinite(value):
        return known
    if known is None:
        return value
    return max(known, value) if direction == "max" else min(known, value)
