"""Numbers as people read them, and as Prometheus' templates write them into messages."""

from __future__ import annotations

from decimal import Decimal

from monitoring.wording.durations import format_duration
from monitoring.wording.units import Unit

VALUE_FORMATS: dict[Unit, str] = {
    "ratio": "$value | humanizePercentage",
    "score": '$value | printf "%.2f"',
    "seconds": "$value | humanizeDuration",
    "usd": '$value | printf "%.4f USD"',
    "items": '$value | printf "%.0f items"',
    "calls": '$value | printf "%.0f calls"',
    "records": '$value | printf "%.0f records"',
    "series": '$value | printf "%.0f series"',
    "bytes": '$value | printf "%.0f bytes"',
    "requests": '$value | printf "%.0f requests"',
    "timestamp": '$value | printf "%.0f"',
    "number": '$value | printf "%.5g"',
}


def percent(value: float) -> str:
    """Return a ratio as Prometheus' humanizePercentage writes it: 0.144 -> `14.4%`."""
    return f"{value * 100:.4g}%"


def exact_percent(value: float | Decimal) -> str:
    """Return a ratio that somebody set in percent, unrounded: 0.99999 -> `99.999%`."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return f"{(100 * exact).normalize():f}%"


def say(value: float, unit: Unit) -> str:
    """Return a value with its unit, as the targets and thresholds of a message are written."""
    if unit == "ratio":
        return exact_percent(value)
    if unit == "score":
        return f"{value:.2f}"
    if unit == "seconds":
        return format_duration(int(value)) if value == int(value) else f"{value:g}s"
    if unit == "number":
        return f"{value:g}"
    return f"{value:g} {unit.upper() if unit == 'usd' else unit}"


def humanize_duration(seconds: float) -> str:
    """Return seconds as Prometheus' humanizeDuration writes them: 11100 -> `3h 5m 0s` (its template/template.go)."""
    if seconds == 0:
        return "0s"
    if abs(seconds) < 1:
        for prefix in ("m", "u", "n"):
            seconds *= 1000
            if abs(seconds) >= 1:
                return f"{seconds:.4g}{prefix}s"
        return f"{seconds:.4g}ns"
    sign = "-" if seconds < 0 else ""
    whole = int(abs(seconds))
    days, hours, minutes, rest = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {rest}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {rest}s"
    if minutes:
        return f"{sign}{minutes}m {rest}s"
    return f"{sign}{abs(seconds):.4g}s"
