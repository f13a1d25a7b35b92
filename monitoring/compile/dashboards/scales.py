"""How numbers are written and coloured: one scale a unit, one colour a meaning, thresholds from monitoring.yaml."""

from __future__ import annotations

import msgspec

from monitoring.bands import Bands
from monitoring.compile.dashboards.board import Scale, Steps
from monitoring.signals import SIGNALS
from monitoring.targets import Targets

RED, YELLOW, GREEN, BLUE, GREY = "red", "orange", "green", "blue", "#8e8e8e"
WAYS = {"full": "blue", "lightweight": "orange", "early_exit": "purple"}
SAVED, SPENT = "green", "blue"

_SCALES = {  # of signals, by their unit
    "ratio": Scale("percentunit", 1),
    "score": Scale("none", 2),
    "seconds": Scale("s", 1),
    "usd": Scale("currencyUSD", 2),
    "items": Scale("short"),
    "calls": Scale("short"),
    "records": Scale("short"),
    "series": Scale("short"),
    "bytes": Scale("bytes", 1),
    "requests": Scale("short"),
    "timestamp": Scale("dateTimeFromNow"),
}
HOURS = Scale("suffix: h", 1)


def scale_of(name: str, targets: Targets | None = None) -> Scale:
    """Return how a signal's values are written; with targets also where its bands change colour."""
    scale = _SCALES[SIGNALS[name].unit]
    bands = targets.bands.get(name) if targets else None
    return msgspec.structs.replace(scale, steps=steps_of(bands)) if bands else scale


def steps_of(bands: Bands) -> Steps:
    """Return where colours change: red below critical, orange below warning, green between, and back above."""
    edges = [
        (bands.critical_low, RED, YELLOW),
        (bands.warning_low, YELLOW, GREEN),
        (bands.warning_high, GREEN, YELLOW),
        (bands.critical_high, YELLOW, RED),
    ]
    known = [(at, below, above) for at, below, above in edges if at is not None]
    if not known:
        return ()
    first: tuple[float | None, str] = (None, known[0][1])
    return (first, *((at, above) for at, _, above in known))


def target_of(name: str, targets: Targets, otherwise: str = "in this range") -> str:
    """Return what stands beside a number: its target, in the signal's unit."""
    bands = targets.bands.get(name)
    if bands is None or bands.target is None:
        return otherwise
    unit = SIGNALS[name].unit
    if unit == "ratio":
        return f"target {bands.target * 100:g} %"
    return f"target {bands.target:g}{' s' if unit == 'seconds' else ''}"
