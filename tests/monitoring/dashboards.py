"""The boards of the built-in targets as files, and how tests read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitoring.compile.boards.files import dashboards
from monitoring.targets.targets import Targets

TARGETS = Targets()
FILES = dashboards(TARGETS)
DOCUMENTS: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in FILES.items()}
PANELS = [(name, panel) for name, document in DOCUMENTS.items() for panel in document["panels"]]
each_board = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
each_panel = pytest.mark.parametrize("panel", [p for _, p in PANELS], ids=[f"{n}: {p['title']}" for n, p in PANELS])


def expressions_of(document: dict[str, Any]) -> list[str]:
    """Return every query of a board's panels and annotations."""
    panels = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
    return panels + [annotation["expr"] for annotation in document["annotations"]["list"]]


def document_of(name: str, targets: Targets = TARGETS) -> dict[str, Any]:
    """Return one board as these targets make it."""
    found: dict[str, Any] = json.loads(dashboards(targets)[f"grafana/dashboards/{name}.json"])
    return found


def panel_of(document: dict[str, Any], title: str) -> dict[str, Any]:
    """Return the panel with that title."""
    found: dict[str, Any] = next(panel for panel in document["panels"] if panel["title"] == title)
    return found


def steps_of(panel: dict[str, Any]) -> list[tuple[float | None, str]]:
    """Return from which value on a panel has which colour."""
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(step["value"], step["color"]) for step in steps]


def full_rows(document: dict[str, Any]) -> bool:
    """Return whether every row of a board is full."""
    widths: dict[int, int] = {}
    for panel in document["panels"]:
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    return set(widths.values()) == {24}
