"""Fields of a YAML mapping read strictly into a struct: unknown keys, wrong types and secrets are refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from monitoring.targets.channels import KEY_OF, SecretPlace, Setting
from monitoring.wording.durations import parse_duration
from pipeline.errors import HIDDEN, Problem
from pipeline.yaml_file import Node, nearest

_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
Struct = TypeVar("Struct", bound=msgspec.Struct)
Reader = Callable[[Node], Any]  # returns the value, or raises ValueError saying what was expected


def read_fields(
    node: Node,
    base: Struct,
    problems: list[Problem],
    *,
    readers: Mapping[str, Reader] | None = None,
    hide: tuple[str, ...] = ("name",),
) -> Struct:
    """Return `base` with the fields that the mapping gives; what is wrong is added to `problems`.

    `readers` read fields whose form in YAML is not their type's. Fields in `hide` cannot be given.
    """
    kinds = {name: kind for name, kind in get_type_hints(type(base), include_extras=True).items() if name not in hide}
    keys = {key: (field, part) for field, kind in kinds.items() for key, part in _keys(field, kind)}
    values: dict[str, Any] = {}
    for key, entry in mapping(node, problems):
        field, part = keys.get(key, ("", ""))
        if not field:
            if key in (KEY_OF.get(name, name) for name in kinds):
                problems.append(hidden(entry, f"`{key}_env` or `{key}_file`: no secret may stand in this file"))
            else:
                problems.append(entry.problem(f"a known key, {nearest(key, keys)}"))
            continue
        try:
            if part:
                values[field] = _placed(entry, part, values.get(field) or _bare(getattr(base, field), kinds[field]))
            else:
                values[field] = (readers or {}).get(field, _typed(kinds[field]))(entry)
        except _HiddenError as error:
            problems.append(hidden(entry, str(error)))
        except ValueError as error:
            problems.append(entry.problem(str(error)))
    return msgspec.structs.replace(base, **values)


def mapping(node: Node, problems: list[Problem]) -> list[tuple[str, Node]]:
    """Return the entries of a mapping; what is none is a problem and has no entries."""
    if node.value is None or isinstance(node.value, dict):
        return list(node.items())
    problems.append(node.problem("a mapping of keys to values"))
    return []


def hidden(node: Node, expected: str) -> Problem:
    """Return a problem that does not show the value, which may be a secret."""
    return Problem(node.file, node.line, node.key, HIDDEN, expected)


def seconds(low: int, high: int, shown: str) -> Reader:
    """Return a reader of durations from `low` to `high` seconds; `shown` says the range."""

    def read(node: Node) -> int:
        text = node.plain()
        if not isinstance(text, str):
            raise ValueError(f"a duration with its unit, {shown}, such as 5m or 1h30m")
        found = parse_duration(text)
        if not low <= found <= high:
            raise ValueError(f"a duration {shown}")
        return found

    return read


def one_of(valid: tuple[str, ...]) -> Reader:
    """Return a reader of one word or a list of words out of `valid`."""

    def read(node: Node) -> tuple[str, ...]:
        words = texts(node)
        for word in words:
            if word not in valid:
                raise ValueError(nearest(word, valid))
        return words

    return read


def texts(node: Node) -> tuple[str, ...]:
    """Return one text or a list of texts, none of them twice."""
    plain = node.plain()
    words = [plain] if isinstance(plain, str) else plain
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError("a text, or a list of texts")
    if len(set(words)) < len(words):
        raise ValueError("each only once")
    return tuple(words)


class _HiddenError(ValueError):
    """The value was refused and may be a secret."""


def _keys(field: str, kind: Any) -> list[tuple[str, str]]:
    name = KEY_OF.get(field, field)
    place = _place_kind(kind)
    if place is None:
        return [(name, "")]
    places = [(f"{name}_env", "env"), (f"{name}_file", "file")]
    return [(name, "value"), *places] if place is Setting else places


def _place_kind(kind: Any) -> Any:
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return next((k for k in kinds if k in (SecretPlace, Setting)), None)


def _bare(place: SecretPlace | Setting | None, kind: Any) -> Any:
    """Return where to begin: a place that is named replaces the built-in one, but not the built-in value."""
    return Setting(place.value) if isinstance(place, Setting) else _place_kind(kind)()


def _placed(node: Node, part: str, place: Any) -> Any:
    text = node.plain()
    if not isinstance(text, str) or not text:
        raise _HiddenError("a text")
    if part == "env" and not _VARIABLE.match(text):
        raise _HiddenError("the name of an environment variable, not its value")
    if part == "value" and "@" in (urlsplit(text).netloc if "://" in text else ""):
        raise _HiddenError("an address without a password: give it by `_env` or `_file`")
    return msgspec.structs.replace(place, **{part: text})


def _typed(kind: Any) -> Reader:
    def read(node: Node) -> Any:
        if get_origin(kind) is tuple:
            return texts(node)
        try:
            return msgspec.convert(node.plain(), kind)
        except msgspec.ValidationError as error:
            text = str(error).split(" - at ")[0].split(", got ")[0]
            raise ValueError(_expected(kind) or text.removeprefix("Expected ").replace("`", "")) from None

    return read


def _expected(kind: Any) -> str:
    parts = (kind, *get_args(kind))
    if words := [word for part in parts for word in get_args(part) if isinstance(word, str)]:
        return f"one of: {', '.join(words)}"
    if bool in parts:
        return "true or false"
    limits = [m for part in parts for m in get_args(part) if isinstance(m, msgspec.Meta)]
    return next((f"a whole number of {m.ge} or more" for m in limits if m.ge is not None), "")
