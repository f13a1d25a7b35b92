"""Expressions taken apart, so that what many alerts have in common is asked for once.

Comparisons, plain arithmetic, `and`, `or` and `unless` are worked out here, on the double-precision values that the
server gives; aggregations, functions and selectors are leaves, which the server evaluates. Thresholds are then free:
a configuration that differs in nothing else needs no further query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec
import numpy as np
import numpy.typing as npt
import promql_parser as promql

from monitoring.firings import Labels
from monitoring.prometheus import Series
from monitoring.range_queries import Window
from monitoring.rules import RuleError

Values = npt.NDArray[np.float64]
Present = npt.NDArray[np.bool_]
_COMPARE = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_COMPUTE = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_SETS = ("and", "or", "unless")


class Row(msgspec.Struct, frozen=True):
    """One label set over a window: a value at each time, and whether there is one at all."""

    values: Values
    present: Present


Rows = dict[Labels, Row]
Read = Callable[[str, Window], Awaitable[Rows]]  # evaluates a leaf over a window
Move = Callable[[Window], Values]  # what is added to a value at each time of a window


class Leaf(msgspec.Struct, frozen=True):
    """An expression that the server evaluates. `cost`: seconds of samples that it reads for each result."""

    text: str
    cost: float


class Number(msgspec.Struct, frozen=True):
    """A number as it is written."""

    value: float


class Binary(msgspec.Struct, frozen=True):
    """Two sides and what is between them; vectors match on all their labels."""

    operator: str
    left: Node
    right: Node

    @property
    def cost(self) -> float:
        """What both sides cost."""
        return sum(side.cost for side in (self.left, self.right) if not isinstance(side, Number))


class Moved(msgspec.Struct, frozen=True):
    """A vector with so much added to its values at each time of a window."""

    node: Node
    by: Move

    @property
    def cost(self) -> float:
        """What the vector costs."""
        return _costs(self.node)


Node = Leaf | Number | Binary | Moved


def taken_apart(expression: str) -> Node:
    """Return an expression as leaves and what is done with them."""
    return _node(promql.parse(expression))


def _node(node: promql.Expr) -> Node:
    if isinstance(node, promql.ParenExpr):
        return _node(node.expr)
    if isinstance(node, promql.NumberLiteral):
        return Number(node.val)
    if isinstance(node, promql.BinaryExpr) and _plain(node):
        return Binary(str(node.op), _node(node.lhs), _node(node.rhs))
    return Leaf(node.prettify(), _cost(node))


def moved(node: Node, by: Move) -> Node:
    """Return the expression with the vector that is compared first, the value of an alert, moved.

    Of `signal < 0.5 and volume >= 20` that is the signal. An expression that compares nothing stays as it is.
    """
    if not isinstance(node, Binary):
        return node
    if node.operator in _COMPARE:
        if isinstance(node.left, Number):
            return Binary(node.operator, node.left, Moved(node.right, by))
        return Binary(node.operator, Moved(node.left, by), node.right)
    return Binary(node.operator, moved(node.left, by), node.right)


def _plain(node: promql.BinaryExpr) -> bool:
    """Tell whether it is worked out here: vectors matched on all labels, or one vector and a number as written."""
    modifier = node.modifier
    known = str(node.op) in (*_COMPARE, *_COMPUTE, *_SETS)
    known = known and (modifier is None or (modifier.matching is None and not modifier.return_bool))
    scalars = [side for side in (node.lhs, node.rhs) if _scalar(side)]
    return known and len(scalars) < 2 and all(isinstance(side, promql.NumberLiteral) for side in scalars)


def _scalar(node: promql.Expr) -> bool:
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr):
        return _scalar(node.expr)
    if isinstance(node, promql.BinaryExpr):
        return _scalar(node.lhs) and _scalar(node.rhs)
    if isinstance(node, promql.Call):
        return bool(node.func.return_type == promql.ValueType.Scalar)
    return isinstance(node, promql.NumberLiteral)


def _cost(node: promql.Expr) -> float:
    seconds = [1.0]

    def note(part: promql.Expr) -> None:
        if isinstance(part, promql.MatrixSelector | promql.SubqueryExpr) and part.range:
            seconds.append(part.range.total_seconds())

    promql.walk(node, note)
    return sum(seconds)


async def evaluate(node: Node, window: Window, read: Read) -> Rows:
    """Return the rows of an expression over a window; those without any value are left out.

    Of an `and` the cheaper side is read first, and the other one only if that has a value anywhere in the window.
    """
    if isinstance(node, Leaf):
        return await read(node.text, window)
    if isinstance(node, Moved):
        offset = node.by(window)
        rows = await evaluate(node.node, window, read)
        return {labels: Row(row.values + offset, row.present) for labels, row in rows.items()}
    if isinstance(node, Number):
        raise RuleError("a number alone is no condition: expected a comparison or another vector")
    left, right = node.left, node.right
    if isinstance(left, Number) or isinstance(right, Number):
        return _some(await _with_number(node, window, read))
    if node.operator != "and" or _costs(left) <= _costs(right):
        lefts = await evaluate(left, window, read)
        rights = await evaluate(right, window, read) if lefts or node.operator == "or" else {}
    else:
        rights = await evaluate(right, window, read)
        lefts = await evaluate(left, window, read) if rights else {}
    return _some(_combined(node.operator, lefts, rights))


async def _with_number(node: Binary, window: Window, read: Read) -> Rows:
    number = node.left if isinstance(node.left, Number) else node.right
    assert isinstance(number, Number)
    rows = await evaluate(node.right if number is node.left else node.left, window, read)
    found: Rows = {}
    for labels, row in rows.items():
        sides = (number.value, row.values) if number is node.left else (row.values, number.value)
        with np.errstate(all="ignore"):
            if node.operator in _COMPARE:
                found[labels] = Row(row.values, row.present & _COMPARE[node.operator](*sides))
            else:
                found[labels] = Row(_COMPUTE[node.operator](*sides), row.present)
    return found


def _combined(operator: str, lefts: Rows, rights: Rows) -> Rows:
    if operator == "or":
        return {labels: _either(lefts.get(labels), rights.get(labels)) for labels in dict.fromkeys((*lefts, *rights))}
    if operator == "unless":
        return {
            labels: Row(row.values, row.present & ~rights[labels].present) if labels in rights else row
            for labels, row in lefts.items()
        }
    return {labels: _both(operator, row, rights[labels]) for labels, row in lefts.items() if labels in rights}


def _either(left: Row | None, right: Row | None) -> Row:
    if left is None or right is None:
        found = left or right
        assert found is not None
        return found
    return Row(np.where(left.present, left.values, right.values), left.present | right.present)


def _both(operator: str, left: Row, right: Row) -> Row:
    present = left.present & right.present
    if operator == "and":
        return Row(left.values, present)
    with np.errstate(all="ignore"):
        if operator in _COMPARE:
            return Row(left.values, present & _COMPARE[operator](left.values, right.values))
        return Row(_COMPUTE[operator](left.values, right.values), present)


def _costs(node: Node) -> float:
    return 0.0 if isinstance(node, Number) else node.cost


def _some(rows: Rows) -> Rows:
    return {labels: row for labels, row in rows.items() if row.present.any()}


def rows_of(series: Iterable[Series], window: Window) -> Rows:
    """Return the series of an answer on the times of a window. Raises RuleError for two that differ in name alone."""
    found: Rows = {}
    for one in series:
        labels = tuple(sorted((name, value) for name, value in one.labels.items() if name != "__name__"))
        row = found.setdefault(labels, Row(np.zeros(window.points), np.zeros(window.points, dtype=np.bool_)))
        at = np.array([(round(time) - window.start) // window.step for time, _ in one.points], dtype=np.intp)
        if row.present[at].any():
            raise RuleError(f"two series differ in their name alone: {dict(labels)}")
        row.values[at] = [value for _, value in one.points]
        row.present[at] = True
    return found
