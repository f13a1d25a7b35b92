"""What an expected figure means for the alerts: in which band it would lie, and how often each would have fired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import metrics

State = Literal["ok", "warning", "critical"]


class WouldFire(msgspec.Struct, frozen=True):
    """How often one severity of an alert fired over the window's history, and would have fired.

    `fewest`, `most` and `share_of_time_between` are the bounds of what buckets can tell. Shares of the time 0..1. A
    week: None with less than a day of history.
    """

    severity: str
    now: int
    expected: int
    fewest: int
    most: int
    now_per_week: float | None
    expected_per_week: float | None
    now_share_of_time: float
    expected_share_of_time: float
    share_of_time_between: tuple[float, float]


class AlertEffect(msgspec.Struct, frozen=True):
    """What an expected interval (low, high) of a signal means for an alert: its state at best and at worst.

    `firings`: by severity; empty where the history was not replayed.
    """

    alert: str
    signal: str
    expected: tuple[float, float]
    best: State
    worst: State
    firings: tuple[WouldFire, ...] = ()


def effects(bands: Mapping[str, Bands], signal: str, expected: tuple[float, float]) -> Iterator[AlertEffect]:
    """Yield the effect on each alert of a signal, as its bands stand."""
    band = bands.get(signal)
    names = next(((m.low_alert, m.high_alert) for m in metrics() if m.signal == signal), (None, None))
    if band is None or not band.enabled:
        return
    low, high = expected
    if names[0] and band.warning_low is not None:
        yield AlertEffect(names[0], signal, expected, _below(high, band), _below(low, band))
    if names[1] and band.warning_high is not None:
        yield AlertEffect(names[1], signal, expected, _above(low, band), _above(high, band))


def _below(value: float, band: Bands) -> State:
    if band.critical_low is not None and value < band.critical_low:
        return "critical"
    return "warning" if band.warning_low is not None and value < band.warning_low else "ok"


def _above(value: float, band: Bands) -> State:
    if band.critical_high is not None and value > band.critical_high:
        return "critical"
    return "warning" if band.warning_high is not None and value > band.warning_high else "ok"
