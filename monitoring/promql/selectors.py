"""PromQL selectors taken apart and written again: `name{label="value"}[1h] offset 5m`.

The parser's own nodes cannot be changed in what they print, so changed selectors are written here and parsed anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

import promql_parser as promql

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_OPERATORS = ((promql.MatchOp.Equal, "="), (promql.MatchOp.NotEqual, "!="), (promql.MatchOp.Re, "=~"))


def quoted(text: str) -> str:
    """Return a PromQL string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def operator(matcher: promql.Matcher) -> str:
    """Return `=`, `!=`, `=~` or `!~`."""
    return next((text for op, text in _OPERATORS if op == matcher.op), "!~")


def matchers(selector: promql.VectorSelector) -> list[promql.Matcher]:
    """Return the matchers in the braces, the name apart."""
    return list(selector.matchers.matchers)


def series_text(name: str | None, found: Sequence[promql.Matcher]) -> str:
    """Return `name{matchers}`."""
    inside = ",".join(f"{matcher.name}{operator(matcher)}{quoted(matcher.value)}" for matcher in found)
    return f"{name or ''}{{{inside}}}" if inside or not name else name


def written(
    selector: promql.VectorSelector, found: Sequence[promql.Matcher], later: timedelta
) -> promql.VectorSelector:
    """Return the selector with other matchers and its offset grown by `later`."""
    text = series_text(selector.name, found) + (f" @ {_at(selector.at)}" if selector.at else "")
    parsed = promql.parse(text + offset_text((selector.offset or timedelta()) + later))
    assert isinstance(parsed, promql.VectorSelector)
    return parsed


def offset_text(offset: timedelta | None) -> str:
    """Return ` offset 5m`, or nothing for none."""
    if not offset:
        return ""
    return f" offset {'-' if offset < timedelta() else ''}{promql.display_duration(abs(offset))}"


def _at(at: promql.AtModifier) -> str:
    return str(at).removeprefix("@").strip()


def literal_values(pattern: str) -> list[str] | None:
    """Return the alternatives of a regular expression such as `a|b` that has no other special characters, else None."""
    parts = pattern.split("|")
    return parts if all(re.fullmatch(r"[\w :/@%#,;=<>!~'\"&-]*", part) for part in parts) else None


def recorded_names(selector: promql.VectorSelector) -> list[str] | None:
    """Return the series names that a selector asks for: one, or several by `__name__=~"a|b"`; None if it cannot say."""
    if selector.name:
        return [selector.name]
    for matcher in matchers(selector):
        if matcher.name == "__name__" and operator(matcher) in ("=", "=~"):
            names = literal_values(matcher.value) if operator(matcher) == "=~" else [matcher.value]
            return names if names and all(_NAME.fullmatch(name) for name in names) else None
    return None


def raw_selectors(expression: str) -> list[str]:
    """Return what an expression reads, without offsets and ranges, each once: `up{job="pipeline"}`."""
    found: dict[str, None] = {}

    def note(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found[series_text(node.name, matchers(node))] = None

    promql.walk(promql.parse(expression), note)
    return list(found)
