"""What a Pushgateway refuses in the classic text format, and prometheus_client's parser lets pass.

That parser takes escapes that are none, a comma without a label, Python's own ways of writing numbers. Whoever moves
here from a Pushgateway, or back, is to find the same bodies taken and the same refused.
"""

from __future__ import annotations

import re
from math import isinf

_TEXT = r'"[^"\\]*+(?:\\[\\n"][^"\\]*+)*+"'
_LABEL = rf"[ \t]*+[a-zA-Z_][a-zA-Z0-9_]*+[ \t]*+=[ \t]*+{_TEXT}[ \t]*+"
_LABELS = re.compile(rf"[ \t]*+\{{(?:{_LABEL}(?:,{_LABEL})*+,?+)?+[ \t]*+\}}")
_NAME = re.compile(r"[ \t]*+[a-zA-Z_:][a-zA-Z0-9_:]*+")
_VALUE = re.compile(r"[ \t]*+([^ \t]++)(?:[ \t]++[^ \t].*)?")  # perhaps a timestamp behind it, but no blank alone
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_HELP = re.compile(r"[ \t]*+#[ \t]*+HELP[ \t]++[^ \t]++[ \t](.*)")
_HELP_TEXT = re.compile(r"[^\\]*+(?:\\[\\n][^\\]*+)*+")


def check(text: str) -> None:
    """Raise ValueError for the first line that a Pushgateway would refuse, with its number and what was expected."""
    for number, line in enumerate(text.split("\n"), 1):
        if wrong := _wrong(line.removesuffix("\r")):
            raise ValueError(f"line {number}: {wrong}")


def is_number(text: str) -> bool:
    """Tell whether a text is a number of 64 bits as Go reads it: no underscores, ASCII digits, not out of range."""
    if not _NUMBER.fullmatch(text):
        return False
    return "inf" in text.lower() or not isinf(float(text))


def _wrong(line: str) -> str | None:
    bare = line.strip(" \t")
    if not bare:
        return None
    if bare.startswith("#"):
        found = _HELP.fullmatch(line)
        return (
            None if found is None or _HELP_TEXT.fullmatch(found[1]) else r"a HELP may hold \\ and \n, no other escape"
        )
    name = _NAME.match(line)
    at = name.end() if name else 0
    if line[at:].lstrip(" \t").startswith("{"):
        labels = _LABELS.match(line, at)
        if labels is None:
            return r'labels are written {name="value",...}, and a value may hold \\, \" and \n, no other escape'
        at = labels.end()
    value = _VALUE.fullmatch(line, at)
    if value is None:
        return "expected a value, and no blank behind it"
    return None if is_number(value[1]) else f"expected a number that 64 bits can hold, got {value[1][:60]!r}"
