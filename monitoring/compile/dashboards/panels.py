"""Panels as Grafana's JSON: what all of them have, around the look of their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from monitoring.compile.dashboards.drawn import DrawnPanel
from monitoring.compile.dashboards.fields import SOURCE, Json, Look, override, thresholds
from monitoring.compile.dashboards.grid import Place
from monitoring.compile.dashboards.heatmaps import heatmap
from monitoring.compile.dashboards.numbers import number, ranking
from monitoring.compile.dashboards.plots import bars, lines
from monitoring.compile.dashboards.queries import Query
from monitoring.compile.dashboards.tables import table
from monitoring.domains.board import Kind
from monitoring.domains.scale import Scale

_LOOKS: Mapping[Kind, Callable[[DrawnPanel], Look]] = {
    "number": number,
    "ranking": ranking,
    "lines": lines,
    "bars": bars,
    "heatmap": heatmap,
    "table": table,
}


def panel_json(drawn: DrawnPanel, place: Place) -> Json:
    """Return a panel at its place."""
    look = _LOOKS[drawn.panel.kind](drawn)
    overrides = [
        override(name, {"color": {"mode": "fixed", "fixedColor": colour}}) for name, colour in drawn.colours.items()
    ]
    document: Json = {
        "type": look.type,
        "id": place.number,
        "title": drawn.panel.title,
        "description": drawn.description,
        "datasource": SOURCE,
        "gridPos": {"h": place.height, "w": place.width, "x": place.x, "y": place.y},
        "options": look.options,
        "fieldConfig": {"defaults": _defaults(drawn, look), "overrides": [*look.overrides, *overrides]},
        "targets": [_target(query, chr(ord("A") + number)) for number, query in enumerate(drawn.queries)],
        "repeatDirection": "h",
        "transparent": False,
    }
    return document | ({"transformations": list(look.transformations)} if look.transformations else {})


def _defaults(drawn: DrawnPanel, look: Look) -> Json:
    scale = _scale(drawn)
    found: Json = {"noValue": drawn.panel.empty, "unit": scale.unit}
    optional = {
        "decimals": scale.decimals,
        "min": scale.minimum,
        "max": scale.maximum,
        "thresholds": thresholds(scale.steps) if scale.steps else None,
        "color": look.colour,
        "custom": look.custom,
        "mappings": list(look.mappings) or None,
    }
    return found | {name: value for name, value in optional.items() if value is not None}


def _scale(drawn: DrawnPanel) -> Scale:
    """Return a panel's scale; bars that are compared by length begin at 0, axes choose their own decimals."""
    scale = drawn.scale
    if drawn.panel.kind == "ranking" or drawn.panel.stacked:
        scale = msgspec.structs.replace(scale, minimum=0)
    if drawn.panel.kind not in ("lines", "bars") or scale.unit == "none":
        return scale
    unit = "short" if scale.unit == "locale" else scale.unit
    return msgspec.structs.replace(scale, unit=unit, decimals=None)


def _target(query: Query, ref: str) -> Json:
    target: Json = {
        "refId": ref,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "format": query.form,
        "legendFormat": query.legend or "__auto",
        "instant": query.now,
        "range": not query.now,
    }
    if query.step:
        target["interval"] = query.step
    if query.exemplars:
        target["exemplar"] = True
    return target
