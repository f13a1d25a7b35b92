"""Everything that matters over the range, for each value of a label: a table."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains.ask import IN_HOURS, Ask
from monitoring.domains.board import Column, Panel
from monitoring.domains.scale import HOURS, AnyScale, Banded

_COLUMNS: dict[str, tuple[str, AnyScale]] = {
    "items": ("Items", Banded("items")),
    "bypass_rate": ("Bypass rate", Banded("bypass_rate")),
    "time_savings": ("Time saved", Banded("time_savings")),
    "saved_seconds": ("Hours saved", HOURS),
    "saved_usd": ("Dollars saved", Banded("saved_usd")),
    "quality_score_avg": ("Quality in full", Banded("quality_score_avg")),
    "error_rate": ("Error rate", Banded("error_rate")),
    "item_duration_p95_seconds": ("p95 duration", Banded("item_duration_p95_seconds")),
}
NOTHING_MORE: Mapping[str, tuple[str, AnyScale]] = {}


def summary(
    title: str,
    label: str,
    column: str,
    height: int = 9,
    more: Mapping[str, tuple[str, AnyScale]] = NOTHING_MORE,
    how: str = "",
) -> Panel:
    """Return the table. `column`: title of the label's; `more`: further columns by signal; `how` they are read."""
    columns = {**_COLUMNS, **more}
    return Panel(
        title,
        f"Everything over the chosen range, a row for each {column.lower()}; colours are the bands from "
        "monitoring.yaml. Few items (the first column) make the rest uncertain. Quality in full is the mean of items "
        f"processed in full{how}. The p95 rests on whole hours.",
        "table",
        tuple(
            Ask("whole", signal, heading, by=(label,), made=IN_HOURS if scale is HOURS else "@")
            for signal, (heading, scale) in columns.items()
        ),
        width=24,
        height=height,
        labels={label: column},
        columns={heading: Column(scale) for heading, scale in columns.values()},
        sort="Items",
    )
