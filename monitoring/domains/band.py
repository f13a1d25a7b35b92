"""The shape of a band: what is aimed at, from where on somebody is warned and woken, over which window."""

from __future__ import annotations

from typing import Literal

import msgspec

EDGES = ("critical_low", "warning_low", "target", "warning_high", "critical_high")  # in the order they must have
MIN_WINDOW_SECONDS = 60
OVERRIDDEN_BY = "content_type"  # the label whose values may have bands of their own
Side = Literal["low", "high"]


class Bands(msgspec.Struct, frozen=True):
    """The bands of one metric; an edge that is None is not judged. `window` and `for_seconds` in seconds.

    `min_items`: with fewer over the window nothing is said. `cooldown_minutes`: a notification is not repeated for so
    long.
    """

    target: float | None = None
    warning_low: float | None = None
    warning_high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    window: int = 3600
    for_seconds: int = 600
    min_items: int = 20
    enabled: bool = True
    cooldown_minutes: int | None = None


class Metric(msgspec.Struct, frozen=True):
    """One metric key of monitoring.yaml: its signal, the alert of each side, the values that are built in.

    `maximum`: the greatest value there can be. `by`: labels of which each value is judged for itself, and which its
    alerts carry. `board`: the uid of the dashboard that its alerts lead to. `low_advice`,
    `high_advice`: what to do first. `domain` is set by the Domain that it stands in.
    """

    section: str
    key: str
    signal: str
    low_alert: str | None = None
    high_alert: str | None = None
    maximum: float = 1.0
    defaults: Bands = Bands()
    by: tuple[str, ...] = ()
    board: str = ""
    low_advice: str = ""
    high_advice: str = ""
    domain: str = ""

    @property
    def path(self) -> str:
        """Return the dotted key."""
        return f"{self.section}.{self.key}"

    @property
    def alerts(self) -> tuple[tuple[str, str], ...]:
        """Return each alert that it has, with what to do first."""
        sides = ((self.low_alert, self.low_advice), (self.high_alert, self.high_advice))
        return tuple((name, advice) for name, advice in sides if name)
