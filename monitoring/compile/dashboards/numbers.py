"""Numbers, and rankings as bars: how each query ends."""

from __future__ import annotations

from monitoring.compile.dashboards.drawn import DrawnPanel
from monitoring.compile.dashboards.fields import LAST, Look, absent, by_steps


def number(drawn: DrawnPanel) -> Look:
    """Return the look of one number or a few, with their names where they have any."""
    named = any(query.legend for query in drawn.queries)
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": LAST,
        "showPercentChange": False,
        "textMode": "value_and_name" if named else "value",
        "wideLayout": True,
    }
    return Look("stat", options, colour=by_steps(drawn.scale), mappings=[absent(drawn.panel.empty)])


def ranking(drawn: DrawnPanel) -> Look:
    """Return the look of bars below each other, whose lengths compare."""
    options = {
        "displayMode": "basic",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": 300,
        "minVizHeight": 12,
        "minVizWidth": 8,
        "namePlacement": "top",
        "orientation": "horizontal",
        "reduceOptions": LAST,
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "text",
    }
    return Look("bargauge", options, colour=by_steps(drawn.scale, "blue"))
