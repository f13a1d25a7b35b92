"""Grafana's own types (grafana-foundation-sdk, generated from its sources) as judges of what we write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()


def read(document: dict[str, Any]) -> Dashboard:
    """Return a dashboard as Grafana's types hold it."""
    return Dashboard.from_json(document)


def lost(document: dict[str, Any]) -> list[str]:
    """Return the places of what Grafana's types do not know, change, or add."""
    again = json.loads(JSONEncoder().encode(read(document)))
    return sorted(_differences(document, again, ""))


def _differences(one: Any, other: Any, place: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            if key in one and key in other:
                yield from _differences(one[key], other[key], f"{place}/{key}")
            else:
                yield f"{place}/{key}: {'lost' if key in one else 'added'}"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _differences(first, second, f"{place}/{number}")
    elif one != other:
        yield f"{place}: {one!r} became {other!r}"


def misfits(value: Any, place: str = "") -> Iterator[str]:
    """Yield the places of values that are not of the type that Grafana declares for them."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from misfits(one, f"{place}/{number}")
    elif type(value).__module__.startswith("grafana_foundation_sdk"):
        for name, hint in get_type_hints(type(value)).items():
            found = getattr(value, name)
            if not _fits(found, hint):
                yield f"{place}/{name}: {found!r} is no {hint}"
            yield from misfits(found, f"{place}/{name}")


def _fits(value: Any, hint: Any) -> bool:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inside)
    if origin is Literal:
        return value in inside
    if origin is list:
        return isinstance(value, list) and all(_fits(one, inside[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, inside[1]) for one in value.values())
    if hint is Any or hint is object:
        return True
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return value in [one.value for one in hint] or value in list(hint)
    if hint in (str, bool, type(None)):
        return isinstance(value, hint)
    return isinstance(value, hint | dict)  # a few are left as the dicts that they were
