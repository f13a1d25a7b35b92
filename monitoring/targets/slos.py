"""Service level objectives, and the burn-rate tiers by which a spent error budget is noticed in time.

Multi-window multi-burn-rate alerting after the Google SRE Workbook, chapter 5. A burn rate is the share of bad events
over the share that the objective allows; at 1 the budget lasts exactly its window.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Literal

import msgspec

from monitoring.domains.catalogue import signals
from monitoring.domains.signal import Signal
from monitoring.wording.durations import EXPECTED, parse_duration
from pipeline.errors import Problem
from pipeline.yaml_file import Node, nearest

Severity = Literal["critical", "warning", "info", "none"]
_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")
_HARDEST = Decimal("0.9")  # share of bad events at which the fastest tier fires at the latest

_MOST_SCRAPES = 60  # that an objective of availability may ask for; more than its fastest tier sees would silence it


class Slo(msgspec.Struct, frozen=True):
    """One objective: the share of good events (0..1, both excluded) that `signal` has to keep over `window` seconds."""

    name: str
    signal: str
    objective: float
    window: int = 30 * 86_400
    min_items: int = 20

    @property
    def budget(self) -> Decimal:
        """Return the share of events that may be bad, as an exact decimal."""
        return 1 - Decimal(repr(self.objective))


class Tier(msgspec.Struct, frozen=True):
    """One burn-rate tier: it fires while both windows (s) burn faster than `factor`."""

    name: Literal["fast", "medium", "slow", "long"]
    severity: Severity
    factor: Decimal
    long_window: int
    short_window: int


TIERS = (
    Tier("fast", "critical", Decimal("14.4"), 3600, 300),
    Tier("medium", "critical", Decimal(6), 6 * 3600, 1800),
    Tier("slow", "warning", Decimal(3), 86_400, 7200),
    Tier("long", "warning", Decimal(1), 3 * 86_400, 6 * 3600),
)
DEFAULT_SLOS = (Slo("error_rate", "error_rate", 0.99), Slo("availability", "availability", 0.99))


def tiers_for(slo: Slo) -> tuple[Tier, ...]:
    """Return the tiers of an objective, their factors derived down where they could never be reached.

    The share of bad events cannot exceed 1, so a factor above 1 / budget never fires, and one just below it only when
    all is lost. Where 14.4 times the budget is above 90 %, the factors f become f ** x, with the x that lets the
    fastest tier fire at 90 % bad events: their order stays, and so does 1, the rate at which the budget lasts exactly
    its window. Raises ValueError for an objective of 10 % or less, for which nothing is left between.
    """
    if TIERS[0].factor * slo.budget <= _HARDEST:
        return TIERS
    hardest = float(_HARDEST / slo.budget)
    if hardest <= 1:
        raise ValueError(f"an objective above {1 - _HARDEST}: with {slo.objective:g} no burn rate above 1 is possible")
    exponent = math.log(hardest) / math.log(float(TIERS[0].factor))
    return tuple(
        msgspec.structs.replace(tier, factor=Decimal(f"{float(tier.factor) ** exponent:.3g}").normalize())
        for tier in TIERS
    )


def burn_alert(slo: Slo) -> str:
    """Return the name of the alerts of an objective."""
    signal = signals()[slo.signal]
    return signal.burn.alert if signal.burn else f"{signal.domain}_{signal.name}_budget_burn".title().replace("_", "")


def read_slos(node: Node, problems: list[Problem]) -> tuple[Slo, ...]:
    """Read the list of objectives; what is wrong with it goes to `problems`, with its place."""
    found: list[Slo] = []
    for entry in node.entries():
        slo = _read_slo(entry, problems)
        if slo and any(other.name == slo.name for other in found):
            problems.append(entry.problem(f"a name of its own; there is another objective {slo.name!r}"))
        elif slo:
            found.append(slo)
    return tuple(found)


def _read_slo(node: Node, problems: list[Problem]) -> Slo | None:
    values: dict[str, object] = {}
    before = len(problems)
    for key, entry in node.items():
        if key not in _READERS:
            problems.append(entry.problem("a known key, " + nearest(key, _READERS)))
            continue
        try:
            values[key] = _READERS[key](entry.plain())
        except ValueError as error:
            problems.append(entry.problem(str(error)))
    missing = [key for key in ("name", "signal", "objective") if key not in values]
    if len(problems) > before:
        return None
    if missing:
        problems.append(node.problem(f"the key `{missing[0]}`"))
        return None
    slo = msgspec.convert(values, Slo)
    try:
        tiers_for(slo)
    except ValueError as error:
        problems.append(dict(node.items())["objective"].problem(str(error)))
        return None
    if signals()[slo.signal].is_scraped and slo.min_items > _MOST_SCRAPES:
        problems.append(
            dict(node.items())["min_items"].problem(f"{_MOST_SCRAPES} scrapes at most, what 1h holds at one a minute")
        )
        return None
    return slo


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.match(value):
        raise ValueError("a short name of small letters, digits, `_` and `-`; it becomes the label `slo`")
    return value


def can_have_objective(signal: Signal) -> bool:
    """Tell whether an objective can be set over a signal: it is a recorded share, and one end of it is good."""
    return signal.kind in ("ratio", "share") and signal.good != "neither" and signal.recorded


def _signal(value: object) -> str:
    usable = [signal.name for signal in signals().values() if can_have_objective(signal)]
    if value not in usable:
        raise ValueError("a signal with a good direction, " + nearest(str(value), usable))
    return str(value)


def _objective(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        number = float(value) if isinstance(value, int | float) else 0.0
        hint = f" ({number:g} % is written {number / 100:g})" if 1 < number < 100 else ""
        raise ValueError(f"a number between 0 and 1 such as 0.99{hint}")
    return float(value)


def _window(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError(EXPECTED)
    seconds = parse_duration(value)
    if not 3 * 86_400 <= seconds <= 366 * 86_400:
        raise ValueError(f"{EXPECTED}, from 3d (the longest burn-rate window) to 1y")
    return seconds


def _min_items(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise ValueError("a whole number of items from 1 to 1000000, without a unit")
    return value


_READERS = {"name": _name, "signal": _signal, "objective": _objective, "window": _window, "min_items": _min_items}
