"""Panels drawn for tests of how they look."""

from __future__ import annotations

from typing import Any

from monitoring.compile.dashboards.drawn import drawn
from monitoring.compile.dashboards.grid import Place
from monitoring.compile.dashboards.palette import Palette
from monitoring.compile.dashboards.panels import panel_json
from monitoring.domains.board import Board, Panel
from monitoring.targets.targets import Targets

PLACE = Place(3, 6, 4, 12, 9)


def panel_of(panel: Panel) -> dict[str, Any]:
    """Return the JSON of one panel on a board without choices, with the built-in targets."""
    [found] = drawn(Board("b", "B", "A board.", (panel,), ()), Targets(), Palette({}, {})).panels
    return panel_json(found, PLACE)
