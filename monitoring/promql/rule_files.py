"""Alerting and recording rules as Prometheus' rule files state them, read from plain documents.

`compile` writes these documents, backtests replay them: nothing here knows where a rule came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
import promql_parser as promql

from monitoring.wording.durations import EXPECTED, parse_duration
from pipeline.errors import PipemeterError

Direction = Literal["max", "min"]
_FLIPPED: dict[Direction, Direction] = {"max": "min", "min": "max"}
_UP, _DOWN = (">", ">="), ("<", "<=")


class RuleError(PipemeterError):
    """A rule that cannot be read or replayed; the text names the rule."""


class RecordingRule(msgspec.Struct, frozen=True):
    """A series `name` made from an expression every `interval` seconds (None: the server's own interval)."""

    name: str
    expression: str
    labels: dict[str, str] = {}
    interval: int | None = None


class AlertingRule(msgspec.Struct, frozen=True):
    """An alert that fires once its expression has had a result for `hold` seconds (`for` in rule files).

    `keep`: how many seconds it goes on firing without a result (`keep_firing_for`). `interval`: as in RecordingRule.
    """

    name: str
    expression: str
    hold: int = 0
    keep: int = 0
    labels: dict[str, str] = {}
    interval: int | None = None

    @property
    def severity(self) -> str:
        """The severity that the rule states, empty if it states none."""
        return self.labels.get("severity", "")

    @property
    def direction(self) -> Direction:
        """Which way the value is worse: up for `x > 5` and `5 < x`, down for `x < 5`; up where nothing is compared."""
        return _direction(promql.parse(self.expression)) or "max"


class Rules(msgspec.Struct, frozen=True):
    """All the rules of a set of rule files, in their order."""

    recording: tuple[RecordingRule, ...] = ()
    alerting: tuple[AlertingRule, ...] = ()


def read_rules(groups: Iterable[Mapping[str, Any]]) -> Rules:
    """Read the groups of rule files that were parsed already. Raises RuleError."""
    recording: list[RecordingRule] = []
    alerting: list[AlertingRule] = []
    for group in groups:
        interval = _seconds(group, "interval", str(group.get("name"))) or None
        for rule in group["rules"]:
            name = str(rule.get("alert") or rule.get("record"))
            labels = {label: str(value) for label, value in (rule.get("labels") or {}).items()}
            expression = _expression(name, str(rule["expr"]))
            if "record" in rule:
                recording.append(RecordingRule(name, expression, labels, interval))
                continue
            if any("{{" in value for value in labels.values()):
                raise RuleError(f"alert {name}: a label holds a template, which a backtest does not expand")
            hold, keep = _seconds(rule, "for", name), _seconds(rule, "keep_firing_for", name)
            alerting.append(AlertingRule(name, expression, hold, keep, labels, interval))
    return Rules(tuple(recording), tuple(alerting))


def _expression(name: str, text: str) -> str:
    try:
        promql.parse(text)
    except ValueError as error:
        raise RuleError(f"rule {name}: {text!r} is not PromQL: {error}") from error
    return text


def _seconds(owner: Mapping[str, Any], field: str, name: str) -> int:
    try:
        return parse_duration(str(owner.get(field) or "0"))
    except ValueError as error:
        raise RuleError(f"rule {name}: {field}: {owner[field]!r}: expected {EXPECTED}") from error


def _direction(node: promql.Expr) -> Direction | None:
    """Find the comparison whose left side becomes the value of the alert."""
    if isinstance(node, promql.ParenExpr):
        return _direction(node.expr)
    if not isinstance(node, promql.BinaryExpr):
        return None
    operator = str(node.op)
    if operator in (*_UP, *_DOWN):
        found: Direction = "max" if operator in _UP else "min"
        return _FLIPPED[found] if isinstance(node.lhs, promql.NumberLiteral) else found
    return _direction(node.lhs) or (_direction(node.rhs) if operator == "or" else None)
