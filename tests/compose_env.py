"""How Docker Compose reads a .env file, and puts its values into docker-compose.yml.

Compose v2: a small reading of `dotenv/parser.go` and `template/template.go` of compose-spec/compose-go v2.13.0, error
messages left out. docker-compose 1.29 asks python-dotenv with `interpolate=True` (its compose/config/environment.py),
which differs: it knows no comment inside a value without a space before `#`, `$NAME` without braces stays, and `${NAME}`
is replaced even in single quotes. It comes with a python-dotenv before 1.0, whose patterns of a value in quotes are laid
over those of the one that is installed: to them a backslash before the last quote always escapes it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from unittest import mock

import dotenv
import dotenv.parser

_KEY = re.compile(r"(?:export\s+)?([\w.\-\[\]]+)[ \t]*[=:][ \t]*")
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0\d{0,3})')
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_VARIABLE = re.compile(r"\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)(?:(:?-)([^}]*))?\}|())", re.IGNORECASE)


def read_v2(text: str) -> dict[str, str]:
    """Return the variables of a .env file as Compose v2 reads it. Raises ValueError where Compose refuses the file."""
    found: dict[str, str] = {}
    rest = text.removeprefix("\ufeff")
    while rest := rest.lstrip():
        if rest.startswith("#"):
            rest = rest.partition("\n")[2]
            continue
        key = _KEY.match(rest)
        if key is None:
            raise ValueError(f"no variable: {rest.splitlines()[0]}")
        found[key[1]], rest = _value(rest[key.end() :], found)
    return found


def _value(text: str, known: Mapping[str, str]) -> tuple[str, str]:
    if text[:1] not in ("'", '"'):
        line, _, rest = text.partition("\n")
        return substituted(line.partition(" #")[0].rstrip(), known), rest
    quote, characters, escaping = text[0], list[str](), False
    for at, character in enumerate(text[1:], 1):
        if escaping:
            characters += ["" if character == quote else "\\", character]
            escaping = False
        elif character == "\\":
            escaping = True
        elif character == quote:
            value = "".join(characters)
            return (substituted(_ESCAPE.sub(_unescaped, value), known) if quote == '"' else value), text[at + 1 :]
        else:
            characters.append(character)
    raise ValueError("unterminated quoted value")


def _unescaped(found: re.Match[str]) -> str:
    mark = found[0][1:]
    if mark == "$":
        return "$$"
    return chr(int(mark, 8)) if mark[0] == "0" else _ESCAPED.get(mark, found[0])


def substituted(template: str, values: Mapping[str, str]) -> str:
    """Return a text of a .env file or of docker-compose.yml with its variables filled in. Raises ValueError."""

    def one(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        if (name := found[2] or found[3]) is None:
            raise ValueError(f"invalid template: {template}")
        value = values.get(name)
        missing = value is None or (found[4] == ":-" and value == "")
        return str(found[5] or "") if missing else str(value)

    return _VARIABLE.sub(one, template)


def read_v1(text: str) -> dict[str, str]:
    """Return the variables of a .env file as docker-compose 1.29 reads it."""
    with (
        mock.patch.object(dotenv.parser, "_single_quoted_value", re.compile(r"'((?:\\'|[^'])*)'")),
        mock.patch.object(dotenv.parser, "_double_quoted_value", re.compile(r'"((?:\\"|[^"])*)"')),
    ):
        return _read_by_dotenv(text)


def _read_by_dotenv(text: str) -> dict[str, str]:
    return {key: value or "" for key, value in dotenv.dotenv_values(stream=io.StringIO(text), interpolate=True).items()}
