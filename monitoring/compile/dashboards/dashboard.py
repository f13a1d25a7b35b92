"""A board as Grafana's JSON: sorted keys, two spaces, a final newline; the same board, the same text."""

from __future__ import annotations

import json

from monitoring.compile.dashboards.drawn import DrawnBoard
from monitoring.compile.dashboards.fields import Json
from monitoring.compile.dashboards.grid import placed
from monitoring.compile.dashboards.notes import notes_json
from monitoring.compile.dashboards.panels import panel_json
from monitoring.compile.dashboards.variables import variables_json

TAG = "pipemeter"
_SCHEMAS = (((11, 6), 41), ((11, 3), 40), ((10, 3), 39), ((10, 0), 38))  # Grafana from -> schema of its dashboards
_LINK: Json = {  # to the other boards
    "asDropdown": True,
    "icon": "",
    "includeVars": True,
    "keepTime": True,
    "tags": [TAG],
    "targetBlank": False,
    "title": "Boards",
    "tooltip": "",
    "type": "dashboards",
}


def dashboard_text(drawn: DrawnBoard, grafana: tuple[int, int]) -> str:
    """Return a dashboard's JSON for a version of Grafana, at least 10.0."""
    return json.dumps(dashboard_json(drawn, grafana), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def dashboard_json(drawn: DrawnBoard, grafana: tuple[int, int]) -> Json:
    """Return a dashboard for a version of Grafana, at least 10.0."""
    board = drawn.board
    return {
        "annotations": {"list": notes_json()},
        "description": board.description,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,  # one crosshair through all panels
        "links": [_LINK],
        "panels": [
            panel_json(panel, place) for panel, (_, place) in zip(drawn.panels, placed(board.panels), strict=True)
        ],
        "refresh": board.refresh,
        "schemaVersion": next(schema for since, schema in _SCHEMAS if grafana >= since),
        "tags": [TAG],
        "templating": {"list": variables_json(drawn.variables)},
        "time": {"from": board.start, "to": "now"},
        "timezone": "browser",
        "title": board.title,
        "uid": board.uid,
    }
