"""The part of CEL (https://cel.dev) that conditions over facts need, compiled into functions that are called.

Literals, lists, `+ - * / %`, comparisons, `in`, `&& || !`, `? :` and a few functions; none of the macros, maps, times
or regular expressions. What is taken means what CEL says: whole numbers have 64 bits, compare with others and do not
mix with them in arithmetic; `&&` and `||` swallow an error of one side where the other decides. The tests hold it
against the library common-expression-language, which with what it brings would take a sixth of the core's disk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pipeline.decisions.cel_values import (
    PRODUCTS,
    RELATIONS,
    SUMS,
    CelError,
    Evaluate,
    Values,
    applied,
    called,
    chosen,
    constant,
    denied,
    joined,
    negated,
    variable,
    whole,
)

MAX_DEPTH = 30  # brackets in brackets
_TOKEN = re.compile(
    r"""\s*(?://[^\n]*\s*)*(?:
      (?P<double>(?:\d+\.\d+|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)
    | (?P<int>0[xX][0-9a-fA-F]+|\d+)(?![.\w])
    | (?P<string>[rR]?"(?:[^"\\\n]|\\.)*"|[rR]?'(?:[^'\\\n]|\\.)*')
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:(),.\[\]])
    | (?P<end>\Z))""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<code>[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|U0010[0-9a-fA-F]{4})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<one>.))"
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", **{c: c for c in "\\?\"'`"}}
_CONSTANTS = {"true": True, "false": False, "null": None}


class Program:
    """A compiled expression. `variables`: the names that it asks for."""

    def __init__(self, source: str) -> None:
        """Compile. Raises CelError."""
        reader = _Reader(source)
        self._evaluate = reader.whole()
        self.variables = frozenset(reader.variables)

    def execute(self, values: Values) -> Any:
        """Return the value: bool, int, float, str, a list of such, or None. Raises CelError."""
        return self._evaluate(values)


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


class _Reader:
    """Recursive descent over the tokens, loosest binding first."""

    def __init__(self, source: str) -> None:
        self._tokens = list(_tokens(source))
        self._next = 0
        self._depth = 0
        self.variables: set[str] = set()

    def whole(self) -> Evaluate:
        read = self._choice()
        if self._tokens[self._next].kind != "end":
            raise self._unexpected()
        return read

    def _choice(self) -> Evaluate:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CelError(f"at most {MAX_DEPTH} brackets in brackets")
        asked = self._junction("||", lambda: self._junction("&&", self._relation, decided=False), decided=True)
        if self._take("?"):
            yes = self._choice()
            self._need(":")
            asked = chosen(asked, yes, self._choice())
        self._depth -= 1
        return asked

    def _junction(self, sign: str, operand: Callable[[], Evaluate], *, decided: bool) -> Evaluate:
        parts = [operand()]
        while self._take(sign):
            parts.append(operand())
        return parts[0] if len(parts) == 1 else joined(parts, decided)

    def _relation(self) -> Evaluate:
        return self._chain(RELATIONS, lambda: self._chain(SUMS, lambda: self._chain(PRODUCTS, self._unary)))

    def _chain(self, signs: Mapping[str, Callable[[Any, Any], Any]], operand: Callable[[], Evaluate]) -> Evaluate:
        left = operand()
        while sign := self._take(*signs):
            left = applied(signs[sign], left, operand())
        return left

    def _unary(self) -> Evaluate:
        if sign := self._take("!", "-"):
            count = 1
            while self._take(sign):
                count += 1
            if sign == "-" and count == 1 and self._tokens[self._next].kind == "int":
                return self._members(constant(whole(-_int(self._pop().text))))
            inner = self._members(self._primary())
            for _ in range(2 - count % 2):
                inner = applied(negated if sign == "-" else denied, inner)
            return inner
        return self._members(self._primary())

    def _members(self, of: Evaluate) -> Evaluate:
        while self._take("."):
            name = self._pop()
            if name.kind != "name" or not self._take("("):
                raise CelError(f"facts have no parts, found .{name.text}")
            of = called(f".{name.text}", of, *self._until(")"))
        return of

    def _primary(self) -> Evaluate:
        token = self._pop()
        if token.kind == "int":
            return constant(whole(_int(token.text)))
        if token.kind == "double":
            return constant(_finite(token.text))
        if token.kind == "string":
            return constant(_string(token.text))
        if token.kind == "name":
            return self._named(token.text)
        if token.text == "(":
            inner = self._choice()
            self._need(")")
            return inner
        if token.text == "[":
            items = self._until("]")
            return lambda values: [item(values) for item in items]
        self._next -= 1
        raise self._unexpected()

    def _named(self, name: str) -> Evaluate:
        if name in _CONSTANTS:
            return constant(_CONSTANTS[name])
        if self._take("("):
            return called(name, *self._until(")"))
        self.variables.add(name)
        return variable(name)

    def _until(self, closing: str) -> list[Evaluate]:
        items: list[Evaluate] = []
        while not self._take(closing):
            if items:
                self._need(",")
            items.append(self._choice())
        return items

    def _pop(self) -> _Token:
        token = self._tokens[self._next]
        if token.kind == "end":
            raise self._unexpected()
        self._next += 1
        return token

    def _take(self, *texts: str) -> str:
        token = self._tokens[self._next]
        if token.kind in ("sign", "name") and token.text in texts:
            self._next += 1
            return token.text
        return ""

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected()

    def _unexpected(self) -> CelError:
        token = self._tokens[self._next]
        return CelError(f"unexpected {token.text or 'end'} at character {token.place + 1}")


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(source, at)
        if not match:
            rest = source[at:].lstrip()
            raise CelError(f"unexpected {rest[:1]} at character {len(source) - len(rest) + 1}")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def _int(text: str) -> int:
    return int(text, 16 if text[:2].lower() == "0x" else 10)


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise CelError(f"{text} is too large for a number")
    return value


def _string(text: str) -> str:
    return text[2:-1] if text[0] in "rR" else _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(escape: re.Match[str]) -> str:
    if escape["code"]:
        return chr(int(escape["code"][1:], 16))
    if escape["octal"]:
        return chr(int(escape["octal"], 8))
    if escape["one"] not in _ESCAPES:
        raise CelError(f"{escape[0]} in a text is no escape")
    return _ESCAPES[escape["one"]]
