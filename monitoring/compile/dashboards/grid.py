"""Where panels stand: left to right, in rows as high as their highest panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from monitoring.compile.dashboards.board import COLUMNS, Panel


class Place(msgspec.Struct, frozen=True):
    """The place of a panel in Grafana's grid, and its id, which is its number on the board."""

    number: int
    x: int
    y: int
    width: int
    height: int


def placed(panels: Iterable[Panel]) -> Iterator[tuple[Panel, Place]]:
    """Yield each panel with its place, in order."""
    x = y = row = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, row = 0, y + row, 0
        yield panel, Place(number, x, y, panel.width, panel.height)
        x, row = x + panel.width, max(row, panel.height)
