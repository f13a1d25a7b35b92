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

from monitoring.promql.inlining import families_of
from monitoring.promql.rule_files import RuleError
from monitoring.replay.firings import Labels
from monitoring.servers.prometheus import Series
from monitoring.servers.range_queries import Window

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
Read = Callable[[str, Window, Present], Awaitable[Rows]]  # evaluates a leaf, at least at these times of a window
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


class Total(msgspec.Struct, frozen=True):
    """Sums of several families, added up wherever at least one of them is there."""

    parts: tuple[Leaf, ...]

    @property
    def cost(self) -> float:
        """What all of them cost."""
        return sum(part.cost for part in self.parts)


class Moved(msgspec.Struct, frozen=True):
    """A vector with so much added to its values at each time of a window."""

    node: Node
    by: Move

    @property
    def cost(self) -> float:
        """What the vector costs."""
        return _costs(self.node)


Node = Leaf | Number | Binary | Total | Moved


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
    return _total(node) or _leaf(node)


def _leaf(node: promql.Expr) -> Leaf:
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


def _total(node: promql.Expr) -> Total | None:
    """Take a sum over several families apart: each alone is what other alerts read, and cheaper than both together."""
    if not isinstance(node, promql.AggregateExpr) or str(node.op) != "sum":
        return None
    grouping = f"by ({', '.join(node.modifier.labels)}) " if node.modifier else ""
    parts = [promql.parse(f"sum {grouping}({family})") for family in families_of(node)]
    return Total(tuple(_leaf(part) for part in parts)) if parts else None


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


async def evaluate(node: Node, window: Window, read: Read, wanted: Present | None = None) -> Rows:
    """Return the rows of an expression at the times of a window that are wanted (None: at all); none without a value.

    Of two sides the cheaper one is read first, the other one only at the times at which that can still matter.
    """
    if wanted is None:
        wanted = np.ones(window.points, dtype=np.bool_)
    if not wanted.any():
        return {}
    if isinstance(node, Leaf):
        rows = await read(node.text, window, wanted)
        return _some({labels: Row(row.values, row.present & wanted) for labels, row in rows.items()})
    if isinstance(node, Total):
        return _added([await evaluate(part, window, read, wanted) for part in node.parts])
    if isinstance(node, Moved):
        rows, offset = await evaluate(node.node, window, read, wanted), node.by(window)
        return {labels: Row(row.values + offset, row.present) for labels, row in rows.items()}
    if isinstance(node, Number):
        raise RuleError("a number alone is no condition: expected a comparison or another vector")
    if isinstance(node.left, Number) or isinstance(node.right, Number):
        return _some(await _with_number(node, window, read, wanted))
    if node.operator == "and":
        return _some(await _all_of(_joined(node), window, read, wanted))
    return _some(_combined(node.operator, *await _sides(node, window, read, wanted)))


async def _with_number(node: Binary, window: Window, read: Read, wanted: Present) -> Rows:
    number = node.left if isinstance(node.left, Number) else node.right
    assert isinstance(number, Number)
    rows = await evaluate(node.right if number is node.left else node.left, window, read, wanted)
    found: Rows = {}
    for labels, row in rows.items():
        sides = (number.value, row.values) if number is node.left else (row.values, number.value)
        with np.errstate(all="ignore"):
            if node.operator in _COMPARE:
                found[labels] = Row(row.values, row.present & _COMPARE[node.operator](*sides))
            else:
                found[labels] = Row(_COMPUTE[node.operator](*sides), row.present)
    return found


def _joined(node: Node) -> list[Node]:
    """Return what is joined by `and`: `a and (b and c)` needs all three."""
    if isinstance(node, Binary) and node.operator == "and":
        return [*_joined(node.left), *_joined(node.right)]
    return [node]


async def _all_of(parts: list[Node], window: Window, read: Read, wanted: Present) -> Rows:
    """Return the rows of the first part at the times at which every part has one with the same labels."""
    found: dict[int, Rows] = {}
    together: Rows | None = None
    for index in sorted(range(len(parts)), key=lambda at: _costs(parts[at])):
        found[index] = await evaluate(parts[index], window, read, wanted)
        together = found[index] if together is None else _combined("and", together, found[index])
        wanted = _anywhere(together, window)
    return {labels: Row(found[0][labels].values, row.present) for labels, row in (together or {}).items()}


async def _sides(node: Binary, window: Window, read: Read, wanted: Present) -> tuple[Rows, Rows]:
    if node.operator == "or":
        return await evaluate(node.left, window, read, wanted), await evaluate(node.right, window, read, wanted)
    if node.operator == "unless" or _costs(node.left) <= _costs(node.right):
        lefts = await evaluate(node.left, window, read, wanted)
        return lefts, await evaluate(node.right, window, read, _anywhere(lefts, window))
    rights = await evaluate(node.right, window, read, wanted)
    return await evaluate(node.left, window, read, _anywhere(rights, window)), rights


def _anywhere(rows: Rows, window: Window) -> Present:
    """Return the times at which any label set has a value."""
    found = np.zeros(window.points, dtype=np.bool_)
    for row in rows.values():
        found |= row.present
    return found


def _combined(operator: str, lefts: Rows, rights: Rows) -> Rows:
    if operator == "or":
        return merged(lefts, rights)
    if operator == "unless":
        return {
            labels: Row(row.values, row.present & ~rights[labels].present) if labels in rights else row
            for labels, row in lefts.items()
        }
    return {labels: _both(operator, row, rights[labels]) for labels, row in lefts.items() if labels in rights}


def _added(all_of_it: list[Rows]) -> Rows:
    found: Rows = {}
    for rows in all_of_it:
        for labels, row in rows.items():
            other = found.get(labels)
            values = np.where(row.present, row.values, 0.0)
            present = row.present if other is None else row.present | other.present
            found[labels] = Row(values if other is None else other.values + values, present)
    return found


def merged(one: Rows, other: Rows) -> Rows:
    """Return the values of two; where both have one, the first one's."""
    return {labels: _either(one.get(labels), other.get(labels)) for labels in dict.fromkeys((*one, *other))}


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
    """Return the series of an answer on the times of a window; what lies beyond it was not asked for.

    Raises RuleError for two that differ in name alone.
    """
    found: Rows = {}
    for one in series:
        labels = tuple(sorted((name, value) for name, value in one.labels.items() if name != "__name__"))
        row = found.setdefault(labels, Row(np.zeros(window.points), np.zeros(window.points, dtype=np.bool_)))
        points = [(time, value) for time, value in one.points if window.start <= round(time) <= window.end]
        at = np.array([(round(time) - window.start) // window.step for time, _ in points], dtype=np.intp)
        if row.present[at].any():
            raise RuleError(f"two series differ in their name alone: {dict(labels)}")
        row.values[at] = [value for _, value in points]
        row.present[at] = True
    return found
