"""What exactly is wrong with a record: which field, what stands there, what was expected."""

from __future__ import annotations

import math
import re
from typing import Any, get_args

from msgspec import inspect

_PATH = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_NAMED = re.compile(r"field `([^`]*)`")


def explain_invalid(row: Any, wanted: Any, error: Exception) -> tuple[int, str | None, Any, str]:
    """Return index 0, field, value and expectation for a row that msgspec refused as `wanted`."""
    match = _PATH.match(str(error))
    what = str(match["what"]) if match else str(error)
    path: str | None = match["path"] if match else None
    steps = [name or index for name, index in _STEP.findall(path or "")]
    kind = _kind_of(row, wanted)
    named = _NAMED.search(what)
    if named:
        value = row.get(named[1]) if isinstance(row, dict) else None
        return 0, ".".join([*steps, named[1]]), value, _about_field(what, named[1], kind)
    field, value = _find(row, steps)
    if isinstance(value, float) and not math.isfinite(value):
        return 0, field, value, expectation_of(kind, steps[0] if steps else None)
    return 0, field, value, _expected(what, kind, steps)


def expectation_of(kind: Any, field: str | None) -> str:
    """Return what a field of an event has to be; without a field, which fields there are."""
    if kind is None:
        return "an object with a known `type`"
    if field is None:
        return f"only the fields {', '.join(kind.__struct_fields__)}"
    if field == "type":
        return f"the type {kind.__struct_config__.tag!r}"
    declared = {f.encode_name: f.type for f in inspect.type_info(kind).fields}  # type: ignore[attr-defined]
    return _words(declared[field]) if field in declared else expectation_of(kind, None)


def _kind_of(row: Any, wanted: Any) -> Any:
    """Return the event type that a row claims to be, None if it claims none that exists."""
    kinds = get_args(wanted) or (wanted,)
    if len(kinds) == 1:
        return kinds[0]
    claimed = row.get("type") if isinstance(row, dict) else None
    return next((kind for kind in kinds if kind.__struct_config__.tag == claimed), None)


def _about_field(what: str, field: str, kind: Any) -> str:
    if "missing required" in what:
        if kind is None:
            return "a `type` that names the event"
        return f"a required field: {expectation_of(kind, field)}"
    return expectation_of(kind, None)


def _expected(what: str, kind: Any, steps: list[str]) -> str:
    if steps and steps[0] == "type":
        return "the name of an event type"
    if len(steps) == 1 and kind is not None:
        return expectation_of(kind, steps[0])
    if not steps and kind is not None:
        return f"an object with {expectation_of(kind, None)}"
    return what.removeprefix("Expected ").replace("`", "")


def _find(row: Any, steps: list[str]) -> tuple[str | None, Any]:
    """Return the full name and the value at a path; a step `...` stands for some key of a mapping."""
    value, names = row, []
    for step in steps:
        if step == "..." and isinstance(value, dict):
            step = next((key for key, item in value.items() if not _is_ratio(item)), "...")
        names.append(str(step))
        value = value.get(step) if isinstance(value, dict) else None
    return ".".join(names) or None, value


def _is_ratio(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, int | float) and 0 <= value <= 1)


def _words(kind: inspect.Type) -> str:
    """Put a msgspec type into words."""
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_words(part) for part in kind.types)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.FloatType | inspect.IntType):
        return _number_words(kind)
    plain: dict[type, str] = {
        inspect.NoneType: "null",
        inspect.StrType: "text",
        inspect.BoolType: "true or false",
        inspect.DictType: "an object",
    }
    return plain.get(type(kind), "another type")


def _number_words(kind: inspect.FloatType | inspect.IntType) -> str:
    name = "a finite number" if isinstance(kind, inspect.FloatType) else "a whole number"
    bounds = [f"{sign} {limit:g}" for sign, limit in _limits(kind) if limit is not None]
    return " ".join([name, " and ".join(bounds)]).strip()


def _limits(kind: inspect.FloatType | inspect.IntType) -> list[tuple[str, float | None]]:
    return [(">=", kind.ge), (">", kind.gt), ("<=", kind.le), ("<", kind.lt)]
