"""A board and its panels as data. What Grafana makes of them is the renderer's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from monitoring.domains.ask import AnyAsk
from monitoring.domains.scale import AnyScale, Scale

Kind = Literal["number", "lines", "bars", "ranking", "heatmap", "table"]
Marks = Literal["", "always", "banded"]

NO_TRAFFIC = "No traffic"
COLUMNS = 24  # of Grafana's grid


class Column(msgspec.Struct, frozen=True):
    """How one column of a table is written. `words`: text -> its colour. `width` in px, 0 for as wide as may be."""

    scale: AnyScale = Scale("string")
    words: Mapping[str, str] = {}
    width: int = 0


class Panel(msgspec.Struct, frozen=True):
    """One panel. `title` is a question, `how` says how to read the answer.

    Filled in in `how`, from the first ask: `{help}` of its signal, its rolling `{window}`, and ` {bands}`, which says
    that dashed lines are the bands where there are any.

    `width` in 24ths of the board, `height` in Grafana's 38 px. `colours`: of series, by name, or the label whose
    values have the same colours everywhere. `columns`: by name. `marks`: draw lines where the scale changes colour,
    `banded` only where it does. `stacked`: on top of each other. `link`: of a table's column.
    """

    title: str
    how: str
    kind: Kind
    asks: tuple[AnyAsk, ...]
    scale: AnyScale = Scale()
    width: int = 12
    height: int = 9
    empty: str = NO_TRAFFIC
    colours: Mapping[str, str] | str = {}
    columns: Mapping[str, Column] = {}
    labels: Mapping[str, str] = {}  # tables: label -> title of its column
    sort: str = ""  # tables: by this column, falling
    marks: Marks = ""
    stacked: bool = False
    pivot: tuple[str, str] | None = None  # tables: the label that makes rows, the label that makes columns
    link: tuple[str, str, str] | None = None  # tables: column, title, address with {runbooks} and ${__value.raw}


class Board(msgspec.Struct, frozen=True):
    """One dashboard. `name` is that of its file and, after `pipemeter-`, its uid. `variables`: their names."""

    name: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    variables: tuple[str, ...] = ("job",)
    start: str = "now-24h"
    refresh: str = "1m"

    @property
    def uid(self) -> str:
        """Return the fixed identifier that alerts and links lead to."""
        return f"pipemeter-{self.name}"
