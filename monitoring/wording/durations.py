"""Durations as Prometheus writes them: `1h`, `1h30m`, `7d`."""

from __future__ import annotations

import re

_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # Prometheus' own, largest first
_FORM = re.compile("^" + "".join(rf"(?:(\d+){unit})?" for unit in _UNITS) + "$")
EXPECTED = "a duration such as 5m, 1h, 1h30m or 7d"


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as `1h30m`. Raises ValueError saying what was expected."""
    if text == "0":
        return 0
    found = _FORM.match(text) if text and text.isascii() and len(text) <= 40 else None
    if not found or not any(found.groups()):
        raise ValueError(EXPECTED)
    return sum(int(count) * seconds for count, seconds in zip(found.groups(), _UNITS.values(), strict=True) if count)


def format_duration(seconds: int) -> str:
    """Return the shortest exact form: 3600 -> `1h`, 5400 -> `1h30m`, 259200 -> `3d`, 0 -> `0s`."""
    if seconds == 0:
        return "0s"
    parts = []
    for unit, size in list(_UNITS.items())[2:]:  # days are the largest: `4w2d` reads worse than `30d`
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
