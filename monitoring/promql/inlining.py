"""Recording rules put back into the expressions that read what they record.

History that was recorded before the rules existed holds only raw series, so a backtest reads nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import promql_parser as promql

from monitoring.promql.narrowing import narrowed
from monitoring.promql.rule_files import RecordingRule, RuleError
from monitoring.promql.selectors import matchers, offset_text, quoted, recorded_names, series_text, written
from monitoring.wording.durations import format_duration

_CLOCKS = {"time", "minute", "hour", "month", "year", "day_of_month", "day_of_week", "day_of_year", "days_in_month"}
_ORIGIN = "recorded_as"  # tells series of several names apart until the aggregation around them drops it
_MAX_DEPTH = 20  # rules on rules; more is a rule that reads itself


def inlined(expression: str, recording: Sequence[RecordingRule], *, interval: int = 60) -> str:
    """Return the expression over raw series alone.

    `interval`: how often the rules are evaluated, in seconds: a range over a recorded series becomes a subquery in
    these steps. Raises RuleError for a form that cannot be replaced.
    """
    rules: dict[str, list[RecordingRule]] = {}
    for rule in recording:
        rules.setdefault(rule.name, []).append(rule)
    return _Inliner(rules, interval).text(expression)


class _Inliner:
    """Replaces selectors, deepest first. `_path`: the nodes around the one that is visited."""

    def __init__(self, rules: dict[str, list[RecordingRule]], interval: int, depth: int = 0) -> None:
        self._rules, self._interval, self._depth = rules, interval, depth
        self._path: list[promql.Expr] = []

    def text(self, expression: str) -> str:
        if self._depth > _MAX_DEPTH:
            raise RuleError(f"recording rules read each other in a circle: {expression}")
        return promql.transform(promql.parse(expression), self._enter, self._leave).prettify()

    def _enter(self, node: promql.Expr) -> promql.Expr | None:
        self._path.append(node)
        return None

    def _leave(self, node: promql.Expr) -> promql.Expr | None:
        self._path.pop()
        around = next((above for above in reversed(self._path) if not isinstance(above, promql.ParenExpr)), None)
        if isinstance(node, promql.VectorSelector) and not isinstance(around, promql.MatrixSelector):
            text = self._series(node, around)
            return None if text is None else promql.parse(_enclosed(text))
        if isinstance(node, promql.MatrixSelector):
            text = self._series(node.vector_selector, around, later=False)
            steps = f"[{promql.display_duration(node.range)}:{format_duration(self._interval)}]"
            return None if text is None else promql.parse(f"({text}){steps}{offset_text(node.vector_selector.offset)}")
        return None

    def _series(self, node: promql.VectorSelector, around: promql.Expr | None, *, later: bool = True) -> str | None:
        """Return what stands for a selector, None if it reads raw series only."""
        names = recorded_names(node)
        if names is None:
            self._refuse_patterns(node)
            return None
        if not any(name in self._rules for name in names):
            return None
        if node.at is not None:
            raise RuleError(
                f"{series_text(node.name, matchers(node))} {node.at}: "
                "a recorded series at a fixed time cannot be replayed"
            )
        offset = (node.offset or timedelta()) if later else timedelta()
        found = [matcher for matcher in matchers(node) if matcher.name != "__name__"]
        if len(names) == 1:
            return self._named(names[0], found, offset)
        if not isinstance(around, promql.AggregateExpr) or _keeps_all(around):
            raise RuleError(
                f"{series_text(None, matchers(node))}: "
                "several recorded series are replayed only inside `sum by (...)` or the like"
            )
        parts = [f'label_replace({self._named(name, found, offset)}, "{_ORIGIN}", "{name}", "", "")' for name in names]
        return " or ".join(parts)

    def _named(self, name: str, found: Sequence[promql.Matcher], offset: timedelta) -> str:
        if name not in self._rules:
            return f"{series_text(name, found)}{offset_text(offset)}"
        deeper = _Inliner(self._rules, self._interval, self._depth + 1)
        parts = []
        for rule in self._rules[name]:
            text = deeper.text(rule.expression)
            for label, value in rule.labels.items():
                text = f'label_replace({text}, {quoted(label)}, {quoted(value.replace("$", "$$"))}, "", "")'
            parts.append(_enclosed(narrowed(text, found)))
        return shifted(" or ".join(parts), offset)

    def _refuse_patterns(self, node: promql.VectorSelector) -> None:
        patterns = [matcher for matcher in matchers(node) if matcher.name == "__name__"]
        if patterns and self._rules:
            raise RuleError(f"{series_text(None, matchers(node))}: expected `__name__` to list plain names such as a|b")


def families_of(node: promql.AggregateExpr) -> list[str]:
    """Return what was inlined for each of the several recorded series inside an aggregation; nothing for any other."""
    named = _originals(node.expr)
    grouped = node.modifier.labels if node.modifier else []
    return list(named.values()) if named and _ORIGIN not in grouped and not _keeps_all(node) else []


def _originals(node: promql.Expr) -> dict[str, str]:
    if isinstance(node, promql.ParenExpr):
        return _originals(node.expr)
    if isinstance(node, promql.BinaryExpr) and str(node.op) == "or":
        sides = _originals(node.lhs), _originals(node.rhs)
        return {} if not all(sides) or set(sides[0]) & set(sides[1]) else sides[0] | sides[1]
    if isinstance(node, promql.Call) and node.func.name == "label_replace":
        label, name = (arg.val if isinstance(arg, promql.StringLiteral) else "" for arg in node.args[1:3])
        return {name: node.args[0].prettify()} if label == _ORIGIN else {}
    return {}


def _enclosed(text: str) -> str:
    """Put parentheses around what would fall apart without them."""
    whole = isinstance(promql.parse(text), promql.ParenExpr | promql.AggregateExpr | promql.Call)
    return text if whole else f"({text})"


def _keeps_all(node: promql.AggregateExpr) -> bool:
    return str(node.op) in ("topk", "bottomk") or (
        node.modifier is not None and node.modifier.type == promql.AggModifierType.Without
    )


def shifted(expression: str, offset: timedelta) -> str:
    """Return the expression as it was `offset` ago. Raises RuleError where it asks for the time of day."""
    if not offset:
        return expression
    path: list[promql.Expr] = []

    def enter(node: promql.Expr) -> None:
        path.append(node)
        if isinstance(node, promql.Call) and node.func.name in _CLOCKS:
            raise RuleError(f"{expression}: {node.func.name}() of a recorded series with an offset cannot be replayed")

    def leave(node: promql.Expr) -> promql.Expr | None:
        path.pop()
        if any(isinstance(above, promql.SubqueryExpr) for above in path):
            return None  # moves with the subquery around it
        if isinstance(node, promql.VectorSelector):
            return written(node, matchers(node), offset)
        return promql.parse(_later(node, offset)) if isinstance(node, promql.SubqueryExpr) else None

    return promql.transform(promql.parse(expression), enter, leave).prettify()


def _later(node: promql.SubqueryExpr, offset: timedelta) -> str:
    step = promql.display_duration(node.step) if node.step else ""
    inner = f"({node.expr.prettify()})[{promql.display_duration(node.range or timedelta())}:{step}]"
    return inner + offset_text((node.offset or timedelta()) + offset)
