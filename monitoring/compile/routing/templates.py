"""Message templates inside the field that uses them, for where no template files can be put beside the configuration.

Alertmanager parses each field on its own, and a field may define what it calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_DEFINE = re.compile(r'\{\{-?\s*define\s+"([^"]+)"\s*-?\}\}')
_ACTION = re.compile(r"\{\{-?\s*(?:/\*.*?\*/|(\w+).*?)\s*-?\}\}", re.DOTALL)
_CALL = re.compile(r'\{\{-?\s*template\s+"([^"]+)"')
_OPENING = ("if", "range", "with", "block", "define")


def definitions(templates: Iterable[str]) -> dict[str, str]:
    """Return every definition in template files by name, from `{{ define }}` to its `{{ end }}`."""
    found = {}
    for text in templates:
        for start in _DEFINE.finditer(text):
            found[start[1]] = text[start.start() : _end(text, start.end())]
    return found


def inlined(text: str, known: Mapping[str, str]) -> str:
    """Return a template after all that it calls, directly or not. Raises KeyError for one that is unknown."""
    needed: dict[str, None] = {}
    waiting = _CALL.findall(text)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = None
            waiting += _CALL.findall(known[name])
    return "".join(known[name] for name in sorted(needed)) + text


def _end(text: str, start: int) -> int:
    """Return where the definition whose body begins at `start` is over. Raises ValueError if it never is."""
    depth = 1
    for action in _ACTION.finditer(text, start):
        depth += (action[1] in _OPENING) - (action[1] == "end")
        if depth == 0:
            return action.end()
    raise ValueError("a template is not closed by `{{ end }}`")
