"""A board and its panels as data. What Grafana makes of them is the renderer's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["number", "lines", "bars", "ranking", "heatmap", "table", "text"]
Form = Literal["time_series", "table", "heatmap"]
Steps = tuple[tuple[float | None, str], ...]  # from which value on (None: from the start) a colour holds

NO_TRAFFIC = "No traffic"
COLUMNS = 24  # of Grafana's grid


class Query(msgspec.Struct, frozen=True):
    """One PromQL query. `families`: metrics it rests on, for the description; `free`: variables it does not follow.

    `legend`: name of its series, with `{{label}}`; in tables the title of its column (none: left out). `step`: the
    least step, such as `1h`. `now`: asked once, at the end of the range. `exemplars`: show only single items as
    dots, no line.
    """

    expr: str
    families: tuple[str, ...]
    legend: str = ""
    now: bool = False
    form: Form = "time_series"
    step: str = ""
    free: tuple[str, ...] = ()
    exemplars: bool = False


class Scale(msgspec.Struct, frozen=True):
    """How values are written and coloured: Grafana's unit, decimals, range, and where colours change."""

    unit: str = "short"
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    steps: Steps = ()


class Column(msgspec.Struct, frozen=True):
    """How one column of a table is written. `words`: text -> its colour. `width` in px, 0 for as wide as may be."""

    scale: Scale = Scale("string")
    words: Mapping[str, str] = {}
    width: int = 0


class Panel(msgspec.Struct, frozen=True):
    """One panel. `title` is a question, `how` says how to read the answer.

    `width` in 24ths of the board, `height` in Grafana's 38 px. `colours`: of series, by name. `columns`: by name.
    `marks`: draw lines where the scale changes colour. `stacked`: on top of each other. `link`: of a table's column.
    """

    title: str
    how: str
    kind: Kind
    queries: tuple[Query, ...]
    scale: Scale = Scale()
    width: int = 12
    height: int = 9
    empty: str = NO_TRAFFIC
    colours: Mapping[str, str] = {}
    columns: Mapping[str, Column] = {}
    labels: Mapping[str, str] = {}  # tables: label -> title of its column
    sort: str = ""  # tables: by this column, falling
    marks: bool = False
    stacked: bool = False
    pivot: tuple[str, str] | None = None  # tables: the label that makes rows, the label that makes columns
    link: tuple[str, str, str] | None = None  # tables: column, title, address with ${__value.raw}

    @property
    def families(self) -> tuple[str, ...]:
        """Return the metrics that the panel shows."""
        return tuple(dict.fromkeys(name for query in self.queries for name in query.families))


class Board(msgspec.Struct, frozen=True):
    """One dashboard. `name` is that of its file and, after `pipemeter-`, its uid."""

    name: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    variables: tuple[str, ...] = ("job", "config_version", "content_type")
    start: str = "now-24h"
    refresh: str = "1m"

    @property
    def uid(self) -> str:
        """Return the fixed identifier that alerts and links lead to."""
        return f"pipemeter-{self.name}"
