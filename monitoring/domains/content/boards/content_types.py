"""What do the shortcuts do to each kind of content? The board Content types."""

from __future__ import annotations

from monitoring.compile.dashboards.queries import Questions, in_hours
from monitoring.compile.dashboards.scales import HOURS, colours_of, scale_of
from monitoring.domains.board import Board, Column, Panel, Query
from monitoring.domains.catalogue import signals
from monitoring.targets.targets import Targets

VARIABLES = ("job", "config_version", "content_type")
_BY = ("content_type",)


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board."""
    q = Questions(targets, VARIABLES, recorded=recorded)
    return Board(
        "content-types",
        "pipemeter: Content types",
        "What do the shortcuts do to each kind of content? `unspecified` are items that left before their type was "
        "known.",
        (
            summary(q, "How does each content type do?", "content_type", "Content type"),
            hourly(q, "items", "How many items of each type?", "Items that finished, an hour, by content type.", _BY),
            over_time(q, "bypass_rate", "Which types skip work?", _BY),
            over_time(q, "time_savings", "Which types save time?", _BY),
            over_time(q, "quality_score_avg", "Which types come out well?", _BY),
        ),
        VARIABLES,
    )


def over_time(q: Questions, name: str, title: str, by: tuple[str, ...]) -> Panel:
    """Return a signal over a rolling window, a line for each value of a label, with its bands as dashed lines."""
    scale = scale_of(name, q.targets)
    bands = " Dashed lines are the bands from monitoring.yaml." if scale.steps else ""
    how = f"{signals()[name].help} A rolling window, a line for each {by[0].replace('_', ' ')}.{bands}"
    colours = colours_of(by[0], q.targets)
    marks, height = bool(scale.steps), height_for(by[0])
    return Panel(title, how, "lines", (q.rolling(name, by=by),), scale, height=height, marks=marks, colours=colours)


def hourly(q: Questions, name: str, title: str, how: str, by: tuple[str, ...]) -> Panel:
    """Return a total as stacked bars, one an hour, in hours where it is a time."""
    query, scale = q.rolling(name, by=by, step="1h"), scale_of(name)
    if scale.unit == "s":
        query, scale = in_hours(query), HOURS
    colours = colours_of(by[0], q.targets)
    text = f"{how} Each bar is the hour before it."
    return Panel(title, text, "bars", (query,), scale, height=height_for(by[0]), stacked=True, colours=colours)


def height_for(label: str) -> int:
    """Return how high a panel has to be for its legend to be seen below it, on a phone."""
    return {"content_type": 12, "checkpoint": 10, "pipeline_stage": 12, "error_type": 12}.get(label, 9)


def summary(q: Questions, title: str, label: str, column: str, height: int = 9) -> Panel:
    """Return a table of all that matters over the range, a row for each value of a label."""
    names = {
        "items": "Items",
        "bypass_rate": "Bypass rate",
        "time_savings": "Time saved",
        "saved_seconds": "Hours saved",
        "saved_usd": "Dollars saved",
        "quality_score_avg": "Quality",
        "error_rate": "Error rate",
        "item_duration_p95_seconds": "p95 duration",
    }
    return Panel(
        title,
        f"Everything over the chosen range, a row for each {column.lower()}; colours are the bands from "
        "monitoring.yaml. Few items (the first column) make the rest uncertain. The p95 rests on whole hours.",
        "table",
        tuple(_column(q, name, names[name], label) for name in names),
        width=24,
        height=height,
        labels={label: column},
        columns={
            names[name]: Column(HOURS if name == "saved_seconds" else scale_of(name, q.targets)) for name in names
        },
        sort="Items",
    )


def _column(q: Questions, name: str, title: str, label: str) -> Query:
    query = q.whole(name, title, by=(label,), form="table")
    return in_hours(query) if name == "saved_seconds" else query
