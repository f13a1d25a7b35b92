"""Where panels stand: left to right, in full rows of one height.

The last panel of a row fills it up, and all are as high as the highest: Grafana would close any gap by moving panels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from monitoring.domains.board import COLUMNS, Panel


class Place(msgspec.Struct, frozen=True):
    """The place of a panel in Grafana's grid, and its id, which is its number on the board."""

    number: int
    x: int
    y: int
    width: int
    height: int


def placed(panels: Iterable[Panel]) -> Iterator[tuple[Panel, Place]]:
    """Yield each panel with its place, in order."""
    number = y = 0
    for row in _rows(panels):
        x, height = 0, max(panel.height for panel in row)
        for left, panel in enumerate(row, start=1):
            number += 1
            width = COLUMNS - x if left == len(row) else panel.width
            yield panel, Place(number, x, y, width, height)
            x += width
        y += height


def _rows(panels: Iterable[Panel]) -> Iterator[list[Panel]]:
    row: list[Panel] = []
    for panel in panels:
        if sum(one.width for one in row) + panel.width > COLUMNS:
            yield row
            row = []
        row.append(panel)
    if row:
        yield row
