"""Tables: queries side by side, or one of them with a row and a column for each value of two labels."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.compile.dashboards.drawn import DrawnColumn, DrawnPanel
from monitoring.compile.dashboards.fields import Json, Look, absent, by_steps, override, thresholds


def table(drawn: DrawnPanel) -> Look:
    """Return the look of a table."""
    panel = drawn.panel
    options: Json = {
        "cellHeight": "sm",
        "footer": {"countRows": False, "reducer": [], "show": False},
        "frameIndex": 0,
        "showHeader": True,
        "showTypeIcons": False,
    }
    if panel.sort:
        options["sortBy"] = [{"desc": True, "displayName": panel.sort}]
    overrides = []
    for number, name in enumerate(dict.fromkeys([*panel.labels.values(), *drawn.columns])):
        column = drawn.columns.get(name)
        properties = _column(column) if column else {}
        if not (column and column.width):
            properties["custom.minWidth"] = _least_width(name, first=not number)
        overrides.append(override(name, properties))
    if drawn.link:
        name, title, address = drawn.link
        overrides.append(override(name, {"links": [{"title": title, "url": address}]}))
    return Look(
        "table",
        options,
        colour=by_steps(drawn.scale),
        custom={"align": "auto", "inspect": False, "minWidth": 120},
        overrides=overrides,
        transformations=_pivoted(*panel.pivot, panel.labels) if panel.pivot else _merged(drawn),
    )


def _least_width(title: str, *, first: bool) -> int:
    """Return the px under which a column's title would be cut, and in the first one a name; a phone then scrolls."""
    return max(140 if first else 80, 8 * len(title) + 24)


def _merged(drawn: DrawnPanel) -> list[Json]:
    """Lay the queries side by side, joined by their labels, under the titles of their columns."""
    titles = {f"Value #{chr(ord('A') + n)}": query.legend for n, query in enumerate(drawn.queries)}
    if len(drawn.queries) == 1:
        titles = {"Value": drawn.queries[0].legend}
    labels = drawn.panel.labels
    organize = {
        "excludeByName": {"Time": True} | {name: True for name, title in titles.items() if not title},
        "indexByName": {name: index for index, name in enumerate(["Time", *labels, *titles])},
        "renameByName": {**labels, **{name: title for name, title in titles.items() if title}},
    }
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]


def _pivoted(row: str, column: str, labels: Mapping[str, str]) -> list[Json]:
    """Make a row for each value of one label and a column for each value of another."""
    matrix = {"rowField": row, "columnField": column, "valueField": "Value"}
    corner = {"renameByName": {f"{row}\\{column}": labels[row]}}
    return [{"id": "groupingToMatrix", "options": matrix}, {"id": "organize", "options": corner}]


def _column(column: DrawnColumn) -> Json:
    scale = column.scale
    numbers = {"decimals": scale.decimals, "min": scale.minimum, "max": scale.maximum}
    found: Json = {"unit": scale.unit} | {name: value for name, value in numbers.items() if value is not None}
    if column.width:
        found["custom.width"] = column.width
    if scale.steps:
        found |= {"thresholds": thresholds(scale.steps), "color": {"mode": "thresholds"}}
    if scale.steps or column.words:
        found["custom.cellOptions"] = {"type": "color-text"}
    words = {text: {"color": colour, "index": at} for at, (text, colour) in enumerate(column.words.items(), start=1)}
    found["mappings"] = [absent("-"), *([{"type": "value", "options": words}] if words else [])]
    return found
