"""What CEL expressions do with values: bool, int of 64 bits, float, str, lists of such, None."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

Values = Mapping[str, Any]
Evaluate = Callable[[Values], Any]

_LEAST, _MOST = -(2**63), 2**63 - 1


class CelError(ValueError):
    """An expression that cannot be read, or that has no value for these facts."""


def variable(name: str) -> Evaluate:
    """Return what has the value of a name."""

    def value(values: Values) -> Any:
        if name not in values:
            raise CelError(f"{name} has no value")
        return values[name]

    return value


def constant(value: Any) -> Evaluate:
    """Return what always has one value."""
    return lambda _: value


def applied(function: Callable[..., Any], *operands: Evaluate) -> Evaluate:
    """Return a function of one or two operands."""
    if len(operands) == 1:
        [only] = operands
        return lambda values: function(only(values))
    left, right = operands
    return lambda values: function(left(values), right(values))


def chosen(asked: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
    """Return `asked ? yes : no`."""
    return lambda values: yes(values) if _truth(asked(values)) else no(values)


def joined(parts: list[Evaluate], decided: bool) -> Evaluate:
    """Return `||` (True decides) or `&&` (False does): an error counts only where no part decides."""

    def decision(values: Values) -> bool:
        failed: CelError | None = None
        for part in parts:
            try:
                if _truth(part(values)) is decided:
                    return decided
            except CelError as error:
                failed = failed or error
        if failed:
            raise failed
        return not decided

    return decision


def called(name: str, *arguments: Evaluate) -> Evaluate:
    """Return a call; that a function is none is told when it is called, after the names were looked at."""
    known = _FUNCTIONS.get(name)

    def call(values: Values) -> Any:
        if known is None:
            raise CelError(f"{name.lstrip('.')} is none of the functions {', '.join(sorted(_BY_NAME))}")
        function, kinds = known
        given = [argument(values) for argument in arguments]
        if len(given) != len(kinds) or not all(type(one) in kind for one, kind in zip(given, kinds, strict=True)):
            raise _overload(name.lstrip("."), *given)
        return function(*given)

    return call


def _overload(name: str, *values: Any) -> CelError:
    kinds = " and ".join(_KINDS.get(type(value), type(value).__name__) for value in values)
    return CelError(f"{name} is not defined for {kinds or 'nothing'}")


_KINDS = {int: "int", float: "double", str: "string", bool: "bool", list: "list", type(None): "null"}


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise _overload("a condition", value)


def whole(value: int) -> int:
    """Return a whole number of 64 bits. Raises CelError for a longer one."""
    if not _LEAST <= value <= _MOST:
        raise CelError(f"{value} does not fit into 64 bits")
    return value


def negated(value: Any) -> Any:
    """Return `-value`. Raises CelError for what is no number."""
    if type(value) is int:
        return whole(-value)
    if type(value) is float:
        return -value
    raise _overload("-", value)


def denied(value: Any) -> bool:
    """Return `!value`. Raises CelError for what is neither true nor false."""
    return not _truth(value)


def _equal(left: Any, right: Any) -> bool:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left == right)
    if type(left) is list and type(right) is list:
        return len(left) == len(right) and all(map(_equal, left, right))
    return type(left) is type(right) and bool(left == right)


_NUMBERS = (int, float)


def _ordered(name: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        both = type(left), type(right)
        if (both[0] in _NUMBERS and both[1] in _NUMBERS) or both in ((str, str), (bool, bool)):
            return compare(left, right)
        raise _overload(name, left, right)

    return ordered


def _within(left: Any, right: Any) -> bool:
    if type(right) is not list:
        raise _overload("in", left, right)
    return any(_equal(left, one) for one in right)


def _computed(name: str, compute: Callable[[Any, Any], Any], *kinds: type) -> Callable[[Any, Any], Any]:
    def computed(left: Any, right: Any) -> Any:
        if type(left) is not type(right) or type(left) not in kinds:
            raise _overload(name, left, right)
        value = compute(left, right)
        return whole(value) if type(value) is int else value

    return computed


def _quotient(left: Any, right: Any) -> Any:
    """Divide: whole numbers towards zero, others as IEEE 754 has it."""
    if type(left) is int:
        if right == 0:
            raise CelError("division by zero")
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    if right == 0.0:
        return math.nan if left == 0.0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise CelError("remainder of a division by zero")
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": _ordered("<", operator.lt),
    "<=": _ordered("<=", operator.le),
    ">": _ordered(">", operator.gt),
    ">=": _ordered(">=", operator.ge),
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "in": _within,
}
SUMS = {"+": _computed("+", operator.add, int, float, str, list), "-": _computed("-", operator.sub, int, float)}
PRODUCTS = {
    "*": _computed("*", operator.mul, int, float),
    "/": _computed("/", _quotient, int, float),
    "%": _computed("%", _remainder, int),
}


def _to_int(value: Any) -> int:
    try:
        return whole(int(value))
    except (ValueError, OverflowError):
        raise CelError(f"{value} is no whole number") from None


def _to_double(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise CelError(f"{value} is no number") from None


_TEXT, _ANY_NUMBER = (str,), (int, float, str)
_FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[tuple[type, ...], ...]]] = {
    "size": (len, ((str, list),)),
    "int": (_to_int, (_ANY_NUMBER,)),
    "double": (_to_double, (_ANY_NUMBER,)),
    ".size": (len, ((str, list),)),
    ".contains": (lambda text, part: part in text, (_TEXT, _TEXT)),
    ".startsWith": (str.startswith, (_TEXT, _TEXT)),
    ".endsWith": (str.endswith, (_TEXT, _TEXT)),
}
_BY_NAME = {name.lstrip(".") for name in _FUNCTIONS}
