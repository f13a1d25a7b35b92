"""Whether a domain has the shape that its types declare: Python does not look at types by itself.

What has another shape ends in a traceback somewhere, or, worse, is taken for something else: a text for a tuple of its
letters. Each misfit is a sentence that says where it stands, what stands there and what was expected.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from monitoring.domains.domain import Domain
from pipeline.errors import shown

_WORDS: Mapping[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a finite number",
    bool: "True or False",
    type(None): "None",
}
_IN_ONE_LINE = ("title", "help", "summary", "description", "advice", "low_advice", "high_advice")


def misfits(domain: Domain) -> list[str]:
    """Return what in a domain is of another type than declared, and which of its texts no row of a table can hold."""
    return list(_misfits(domain, Domain, ""))


def _misfits(value: object, kind: Any, at: str) -> Iterator[str]:
    """Yield what keeps a value from being of a type. `at`: where it stands, as a person would look for it."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        yield from _of_union(value, get_args(kind), at)
    elif origin is tuple:
        yield from _of_tuple(value, get_args(kind), at)
    elif origin is not None and origin is not Literal:  # a mapping
        yield from _of_mapping(value, get_args(kind), at)
    elif not _fits(value, kind):
        yield f"{at} is {shown(value)}: expected {_expected(kind)}"
    elif isinstance(value, msgspec.Struct):
        for name, field in _fields(type(value)).items():
            one, place = getattr(value, name), _inside(at, name)
            yield from _misfits(one, field, place)
            if name in _IN_ONE_LINE and isinstance(one, str) and len(one.splitlines()) > 1:
                yield f"{place} has a line break: expected one line"


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


def _of_union(value: object, kinds: Iterable[Any], at: str) -> Iterator[str]:
    for kind in kinds:
        if _fits(value, get_origin(kind) or kind):  # which of them is meant: what is in it is told of that one
            yield from _misfits(value, kind, at)
            return
    yield f"{at} is {shown(value)}: expected {' or '.join(map(_expected, kinds))}"


def _of_tuple(value: object, kinds: tuple[Any, ...], at: str) -> Iterator[str]:
    several = kinds[-1] is Ellipsis
    if not isinstance(value, tuple) or not (several or len(value) == len(kinds)):
        what = f"a tuple, each {_expected(kinds[0])}" if several else f"a tuple of {len(kinds)}"
        yield f"{at} is {shown(value)}: expected {what}"
        return
    for number, one in enumerate(value):
        yield from _misfits(one, kinds[0] if several else kinds[number], _inside(at, _called(one, number)))


def _of_mapping(value: object, kinds: tuple[Any, ...], at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at} is {shown(value)}: expected a mapping"
        return
    for key, one in value.items():
        yield from _misfits(key, kinds[0], f"{at}: the key")
        yield from _misfits(one, kinds[1], _inside(at, key if isinstance(key, str) else shown(key)))


def _called(one: object, number: int) -> str:
    """Return how one of several is found: by what it is called, else by its number."""
    names = (getattr(one, field, None) for field in ("name", "path", "title"))
    return next((name for name in names if isinstance(name, str) and name), f"number {number + 1}")


def _inside(at: str, name: str) -> str:
    return f"{at} {name}".lstrip()


def _expected(kind: Any) -> str:
    origin = get_origin(kind) or kind
    if origin is Literal:
        return f"one of {', '.join(map(repr, get_args(kind)))}"
    if origin is tuple:
        return "a tuple"
    return _WORDS.get(origin) or ("a mapping" if origin is Mapping else origin.__name__)


@cache
def _fields(shape: type[msgspec.Struct]) -> Mapping[str, Any]:
    return get_type_hints(shape)
