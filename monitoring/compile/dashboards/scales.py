"""Scales that are taken from a signal: one a unit, colours changing where its bands in monitoring.yaml say."""

from __future__ import annotations

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signal
from monitoring.domains.scale import GREEN, RED, YELLOW, AnyScale, Scale, Steps, UnitOf
from monitoring.targets.targets import Targets
from monitoring.wording.units import Unit

SCALES: dict[Unit, Scale] = {  # of signals, by their unit
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
    "number": Scale("locale"),
}


def scale_of(scale: AnyScale, targets: Targets) -> Scale:
    """Return a scale with nothing left to look up. Raises LookupError for a signal that nobody declared."""
    if isinstance(scale, Scale):
        return scale
    found = SCALES[signal(scale.signal).unit]
    if isinstance(scale, UnitOf):
        return found
    bands = targets.bands.get(scale.signal)
    return msgspec.structs.replace(found, steps=steps_of(bands) if bands else (), minimum=scale.minimum)


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
    unit = signal(name).unit
    if unit == "ratio":
        return f"target {bands.target * 100:g} %"
    return f"target {bands.target:g}{' s' if unit == 'seconds' else ''}"
