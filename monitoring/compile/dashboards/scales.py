"""How numbers are written and coloured: one scale a unit, one colour a meaning, thresholds from monitoring.yaml."""

from __future__ import annotations

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.board import Scale, Steps
from monitoring.domains.catalogue import SIGNALS
from monitoring.targets.targets import Targets
from pipeline.domains.content.labels import CHECKPOINTS, STAGES
from pipeline.errors import ERROR_TYPES
from pipeline.metrics.family import OTHER, UNSPECIFIED

RED, YELLOW, GREEN, GREY = "red", "orange", "green", "#8e8e8e"
SAVED, SPENT = "green", "blue"
_COLOURS = (
    "blue",
    "orange",
    "green",
    "purple",
    "yellow",
    "red",
    "light-blue",
    "super-light-orange",
    "light-green",
    "super-light-purple",
    "dark-yellow",
    "light-red",
)
_WAYS = {"full": "blue", "lightweight": "orange", "early_exit": "purple"}

_SCALES = {  # of signals, by their unit
    "ratio": Scale("percentunit", 1),
    "score": Scale("none", 2),
    "seconds": Scale("s", 1),
    "usd": Scale("currencyUSD", 2),
    "items": Scale("locale", 0),
    "calls": Scale("locale", 0),
    "records": Scale("locale", 0),
    "series": Scale("locale", 0),
    "bytes": Scale("bytes", 1),
    "requests": Scale("locale", 0),
    "timestamp": Scale("dateTimeFromNow"),
}
HOURS = Scale("suffix: h", 1)
COUNT = Scale("locale", 0)


def scale_of(name: str, targets: Targets | None = None) -> Scale:
    """Return how a signal's values are written; with targets also where its bands change colour."""
    scale = _SCALES[SIGNALS[name].unit]
    bands = targets.bands.get(name) if targets else None
    return msgspec.structs.replace(scale, steps=steps_of(bands)) if bands else scale


def colours_of(label: str, targets: Targets) -> dict[str, str]:
    """Return the colour of each known value of a label, the same on every board; others get one from Grafana."""
    if label == "processing_type":
        return _WAYS
    known = {"content_type": targets.content_types, "checkpoint": CHECKPOINTS, "pipeline_stage": STAGES}
    values = known.get(label, ERROR_TYPES if label == "error_type" else ())
    found = {value: _COLOURS[number % len(_COLOURS)] for number, value in enumerate(values)}
    return found | dict.fromkeys((UNSPECIFIED, OTHER), GREY) if found else {}


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
