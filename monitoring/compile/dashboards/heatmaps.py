"""Heat maps: how values were distributed, hour by hour."""

from __future__ import annotations

from monitoring.compile.dashboards.drawn import DrawnPanel
from monitoring.compile.dashboards.fields import Json, Look


def heatmap(drawn: DrawnPanel) -> Look:
    """Return the look of buckets as rows, lighter where more values lie."""
    axis: Json = {"axisPlacement": "left", "unit": drawn.scale.unit}
    if drawn.scale.decimals is not None:
        axis["decimals"] = drawn.scale.decimals
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"decimals": 0, "unit": "short"},
        "color": {
            "exponent": 0.5,
            "fill": "dark-blue",
            "mode": "scheme",
            "reverse": False,
            "scale": "exponential",
            "scheme": "Blues",
            "steps": 32,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "le"},
        "selectionMode": "x",
        "showValue": "auto",
        "tooltip": {"mode": "single"},
        "yAxis": axis,
    }
    return Look("heatmap", options)
