"""Readings: what a signal is at, how much that rests on, and how it stands against its target."""

from __future__ import annotations

from typing import Literal

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.signal import Good, Signal
from monitoring.targets.slos import Slo
from monitoring.wording.units import Unit

State = Literal["ok", "warning", "critical", "no data", "not judged"]
_LITTLE_LEFT = 0.25  # of an error budget: from there on downwards a warning


class Reading(msgspec.Struct, frozen=True):
    """One signal over a window. `value` is None without enough data: `items` of `needed` were there.

    `interval`: the ends of its 95 % interval, where so few items say little; the value lies within. `missing`: a family
    that it is made of and nobody exposes, so that nothing is known.
    """

    signal: str
    title: str
    unit: Unit
    value: float | None
    items: int
    needed: int
    state: State
    target: float | None = None
    on_target: bool | None = None
    interval: tuple[float, float] | None = None
    missing: str = ""

    @property
    def shortage(self) -> str:
        """What is missing, by name or in numbers; empty where nothing is."""
        return "" if self.value is not None else _shortage(self.items, self.needed, self.missing)


class Budget(msgspec.Struct, frozen=True):
    """The error budget of one objective. `bad`: share of bad events; `left`: of the budget, below 0 if overspent."""

    slo: str
    objective: float
    window: int  # s
    bad: float | None
    left: float | None
    items: int
    needed: int
    state: State
    missing: str = ""  # a family that nobody exposes

    @property
    def shortage(self) -> str:
        """What is missing, by name or in numbers; empty where nothing is."""
        return "" if self.left is not None else _shortage(self.items, self.needed, self.missing)


def _shortage(items: int, needed: int, missing: str) -> str:
    return f"nobody exposes {missing}" if missing else f"{items} of {needed} needed"


def read(
    signal: Signal,
    value: float | None,
    volume: float,
    bands: Bands | None,
    interval: tuple[float, float] | None = None,
    missing: str = "",
) -> Reading:
    """Return a reading. Without bands it is not judged, and any item will do. `missing`: a family that is not there."""
    needed = bands.min_items if bands else 1
    items = round(volume)
    known = value if items >= needed and not missing else None
    target = bands.target if bands else None
    on_target = None if known is None or target is None else not _missed(known, target, signal.good, bands)
    state = judge(known, bands, signal.good)
    sure = None if known is None or interval is None else (min(interval[0], known), max(interval[1], known))
    return Reading(
        signal.name, signal.title, signal.unit, known, items, needed, state, target, on_target, sure, missing
    )


def judge(value: float | None, bands: Bands | None, good: Good) -> State:
    """Return the state of a value: beyond a critical edge, beyond a warning edge, or neither.

    A metric that has a target but no edge on its bad side is judged by the target: missing it is a warning.
    """
    if value is None:
        return "no data"
    if bands is None or not bands.enabled:
        return "not judged"
    if _beyond(value, bands.critical_low, bands.critical_high):
        return "critical"
    if _beyond(value, bands.warning_low, bands.warning_high):
        return "warning"
    edges = {"high": (bands.warning_low, bands.critical_low), "low": (bands.warning_high, bands.critical_high)}
    judged = any(edge is not None for pair in edges.values() for edge in pair)
    if good in edges and not any(edge is not None for edge in edges[good]) and bands.target is not None:
        return "warning" if _missed(value, bands.target, good, bands) else "ok"
    return "ok" if judged else "not judged"


def _beyond(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _missed(value: float, target: float, good: Good, bands: Bands | None) -> bool:
    """Tell whether a target is missed; where neither way is good, whether the value has left the band around it."""
    if good == "high":
        return value < target
    if good == "low":
        return value > target
    return bool(bands) and _beyond(value, bands.warning_low, bands.warning_high)  # type: ignore[union-attr]


def budget(slo: Slo, signal: Signal, value: float | None, volume: float, missing: str = "") -> Budget:
    """Return what is left of an error budget: critical once it is spent, a warning once a quarter is left.

    `missing`: a family that is not there, without which nothing is known.
    """
    items = round(volume)
    if value is None or items < slo.min_items or missing:
        return Budget(slo.name, slo.objective, slo.window, None, None, items, slo.min_items, "no data", missing)
    bad = 1 - value if signal.good == "high" else value
    left = 1 - bad / float(slo.budget)
    state: State = "critical" if left <= 0 else "warning" if left < _LITTLE_LEFT else "ok"
    return Budget(slo.name, slo.objective, slo.window, bad, left, items, slo.min_items, state)
