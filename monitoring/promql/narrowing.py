"""Matchers applied to an expression instead of a series: `job:x:sum{a="b"}` once the recording rule stands there.

A label that every step of the expression hands through unchanged is matched where the series are read, which is cheap.
Otherwise the result is filtered, which is right for `=`, `!=` and for regular expressions that only list values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import promql_parser as promql

from monitoring.promql.rule_files import RuleError
from monitoring.promql.selectors import literal_values, matchers, operator, quoted, written

_ELEMENTWISE = {"rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "abs", "ceil", "floor",
                "round", "clamp", "clamp_min", "clamp_max", "exp", "ln", "log2", "log10", "sqrt", "sgn",
                "predict_linear", "timestamp"}  # fmt: skip


def narrowed(expression: str, found: Sequence[promql.Matcher]) -> str:
    """Return the part of an expression's result that the matchers let through. Raises RuleError."""
    node = promql.parse(expression)
    inside = [matcher for matcher in found if _keeps(node, matcher.name)]
    text = _pushed(node, inside).prettify() if inside else expression
    for matcher in found:
        if matcher not in inside:
            text = _filtered(text, matcher)
    return text


def _pushed(node: promql.Expr, found: Sequence[promql.Matcher]) -> promql.Expr:
    def push(node: promql.Expr) -> promql.Expr | None:
        if isinstance(node, promql.VectorSelector):
            return written(node, [*matchers(node), *found], timedelta())
        return None

    return promql.transform(node, None, push)


def _keeps(node: promql.Expr, label: str) -> bool:
    """Tell whether every result with a value of the label comes from series with that value alone."""
    if isinstance(node, promql.VectorSelector | promql.MatrixSelector):
        return True
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        return _keeps(node.expr, label)
    if isinstance(node, promql.AggregateExpr):
        return _grouped_by(node.modifier, label) and _keeps(node.expr, label)
    if isinstance(node, promql.Call):
        return _hands_through(node.func.name, label) and all(_number(arg) or _keeps(arg, label) for arg in node.args)
    if not isinstance(node, promql.BinaryExpr) or (_number(node.lhs) and _number(node.rhs)):
        return False
    sides = [side for side in (node.lhs, node.rhs) if not _number(side)]
    return _matched_on(node.modifier, label) and all(_keeps(side, label) for side in sides)


def _hands_through(function: str, label: str) -> bool:
    if function == "histogram_quantile":
        return label != "le"
    return function in _ELEMENTWISE or (function.endswith("_over_time") and function != "absent_over_time")


def _grouped_by(modifier: promql.AggModifier | None, label: str) -> bool:
    if modifier is None:
        return False
    return bool((label in modifier.labels) == (modifier.type == promql.AggModifierType.By))


def _matched_on(modifier: promql.BinModifier | None, label: str) -> bool:
    if modifier is None or modifier.matching is None:
        return True
    return bool((label in modifier.matching.labels) == (modifier.matching.type == promql.LabelModifierType.Include))


def _number(node: promql.Expr) -> bool:
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr):
        return _number(node.expr)
    if isinstance(node, promql.BinaryExpr):
        return _number(node.lhs) and _number(node.rhs)
    return isinstance(node, promql.NumberLiteral)


def _filtered(text: str, matcher: promql.Matcher) -> str:
    is_pattern, wanted = operator(matcher) in ("=~", "!~"), operator(matcher) in ("=", "=~")
    values = literal_values(matcher.value) if is_pattern else [matcher.value]
    if values is None:
        raise RuleError(
            f"{matcher.name}{operator(matcher)}{quoted(matcher.value)} on a recorded series cannot be replayed: "
            "expected a list of plain values such as a|b"
        )
    ones = [
        f'label_replace(vector(1), {quoted(matcher.name)}, {quoted(value.replace("$", "$$"))}, "", "")'
        for value in values
    ]
    return f"({text}) {'and' if wanted else 'unless'} on ({matcher.name}) ({' or '.join(ones)})"
