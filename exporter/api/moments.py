"""Times as the JSON API tells them: ISO 8601 in UTC for people, Unix seconds beside it for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment(seconds: float) -> str:
    """Return a Unix time as ISO 8601 in UTC: `2026-01-01T10:00:00Z`, with milliseconds where there are any."""
    at = datetime.fromtimestamp(round(seconds, 3), UTC)
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")


def told(name: str, seconds: float | None) -> dict[str, Any]:
    """Return a time as two fields, `NAME` and `NAME_seconds`; both null for None."""
    return {name: None if seconds is None else moment(seconds), f"{name}_seconds": seconds}
