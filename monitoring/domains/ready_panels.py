"""Panels that boards of any domain have: a signal over time, a total hour by hour, a number."""

from __future__ import annotations

from monitoring.domains.ask import IN_HOURS, Ask, TargetOr
from monitoring.domains.board import Panel
from monitoring.domains.scale import HOURS, Banded, UnitOf

TARGET = TargetOr()


def over_time(signal: str, title: str, label: str, height: int = 9) -> Panel:
    """Return a signal over a rolling window, a line for each value of a label, with its bands as dashed lines.

    `height`: as much as the legend needs to be seen below the plot, on a phone.
    """
    return Panel(
        title,
        f"{{help}} A rolling window, a line for each {label.replace('_', ' ')}. {{bands}}",
        "lines",
        (Ask("rolling", signal, by=(label,)),),
        Banded(signal),
        height=height,
        marks="banded",
        colours=label,
    )


def hourly(signal: str, title: str, how: str, label: str, height: int = 9) -> Panel:
    """Return a total as stacked bars, one an hour, in hours where its name says that it is a time."""
    time = signal.endswith("_seconds")
    return Panel(
        title,
        f"{how} Each bar is the hour before it.",
        "bars",
        (Ask("rolling", signal, by=(label,), step="1h", made=IN_HOURS if time else "@"),),
        HOURS if time else UnitOf(signal),
        height=height,
        stacked=True,
        colours=label,
    )


def number(
    signal: str, title: str, how: str, *, legend: str | TargetOr = TARGET, hours: bool = False, width: int = 6
) -> Panel:
    """Return a signal over the chosen range as a number, coloured by its bands; beside it stands what is aimed at.

    `hours`: a time that is long.
    """
    ask = Ask("whole", signal, legend, made=IN_HOURS if hours else "@")
    return Panel(title, how, "number", (ask,), HOURS if hours else Banded(signal), width=width, height=4)
