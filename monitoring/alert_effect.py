"""Which alert bands an expected figure would lie in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from monitoring.bands import METRICS, Bands

State = Literal["ok", "warning", "critical"]


class AlertEffect(msgspec.Struct, frozen=True):
    """What an expected interval (low, high) of a signal means for an alert: its state at best and at worst."""

    alert: str
    signal: str
    expected: tuple[float, float]
    best: State
    worst: State


def effects(bands: Mapping[str, Bands], signal: str, expected: tuple[float, float]) -> Iterator[AlertEffect]:
    """Yield the effect on each alert of a signal, as its bands stand."""
    band = bands.get(signal)
    names = next(((m.low_alert, m.high_alert) for m in METRICS if m.signal == signal), (None, None))
    if band is None or not band.enabled:
        return
    low, high = expected
    if names[0] and band.warning_low is not None:
        yield AlertEffect(names[0], signal, expected, *(_below(v, band) for v in (high, low)))
    if names[1] and band.warning_high is not None:
        yield AlertEffect(names[1], signal, expected, *(_above(v, band) for v in (low, high)))


def _below(value: float, band: Bands) -> State:
    if band.critical_low is not None and value < band.critical_low:
        return "critical"
    return "warning" if band.warning_low is not None and value < band.warning_low else "ok"


def _above(value: float, band: Bands) -> State:
    if band.critical_high is not None and value > band.critical_high:
        return "critical"
    return "warning" if band.warning_high is not None and value > band.warning_high else "ok"
