"""Numbers, times and foreign texts as people read them on a terminal, on paper and on a page."""

from __future__ import annotations

from datetime import UTC, datetime

from monitoring.wording.units import Unit

NONE = "-"


def figure(value: float | None, unit: Unit) -> str:
    """Return a value with its unit: `61.3 %`, `0.75`, `35.4 h`, `$12.30`, `12,345`; a dash where there is none.

    A plain number keeps what it has after the point, as far as four digits go: `0.025`, `221.4`.
    """
    if value is None:
        return NONE
    if unit == "ratio":
        return f"{100 * value:.1f} %"
    if unit == "score":
        return f"{value:.2f}"
    if unit == "seconds":
        return _duration(value)
    if unit == "usd":
        return f"{'-' if value < 0 else ''}${abs(value):,.2f}"
    if unit == "number" and abs(value) < 1000:
        return f"{value:.4g}"
    return f"{value:,.0f}"


def between(ends: tuple[float, float], unit: Unit) -> str:
    """Return an interval: `5.0 % to 12.8 %`."""
    return " to ".join(figure(end, unit) for end in ends)


def change(value: float | None, unit: Unit) -> str:
    """Return a difference with its sign; ratios differ in points: `+2.1 points`, `-0.013`, `+3.0 h`, `none`."""
    if value is None:
        return NONE
    sign, size = "-" if value < 0 else "+", abs(value)
    text = {"ratio": f"{100 * size:.1f} points", "score": f"{size:.3f}"}.get(unit) or figure(size, unit)
    return sign + text if any(digit in text for digit in "123456789") else "none"


def _duration(seconds: float) -> str:
    for name, size in (("h", 3600), ("min", 60)):
        if abs(seconds) >= size:
            return f"{seconds / size:,.1f} {name}"
    return f"{seconds:.1f} s"


def clock(at: float) -> str:
    """Return a Unix time to the minute: `2026-11-21 00:00 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def length(seconds: float) -> str:
    """Return how long something lasted, in its two largest units: `2 d 5 h`, `1 h 5 min`, `40 s`."""
    rest = round(seconds)
    parts = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def plain(text: str) -> str:
    """Return a text without what could move a cursor or break a line: label values come from anywhere."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
