"""Plots over time: lines and bars."""

from __future__ import annotations

from monitoring.compile.dashboards.drawn import DrawnPanel
from monitoring.compile.dashboards.fields import Json, Look


def lines(drawn: DrawnPanel) -> Look:
    """Return the look of lines, filled where they stand on top of each other."""
    style: Json = {
        "drawStyle": "line",
        "fillOpacity": 60 if drawn.panel.stacked else 0,
        "lineInterpolation": "linear",
        "lineWidth": 2,
        "showPoints": "auto",
        "spanNulls": False,
    }
    return _plot(drawn, style)


def bars(drawn: DrawnPanel) -> Look:
    """Return the look of bars, each standing before its moment: it is about the time that led there."""
    style: Json = {
        "barAlignment": -1,
        "barWidthFactor": 0.85,
        "drawStyle": "bars",
        "fillOpacity": 80,
        "lineWidth": 0,
    }
    return _plot(drawn, style)


def _plot(drawn: DrawnPanel, style: Json) -> Look:
    custom = style | {
        "insertNulls": False,
        "stacking": {"group": "A", "mode": "normal" if drawn.panel.stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if drawn.marks else "off"},
    }
    known = [value for value, _ in drawn.scale.steps if value is not None]
    if drawn.marks and known:  # let the marks be seen
        custom |= {"axisSoftMin": min(known), "axisSoftMax": max(known)}
    options = {"legend": _legend(drawn), "tooltip": {"mode": "multi", "sort": "desc"}}
    return Look("timeseries", options, colour={"mode": "palette-classic"}, custom=custom)


def _legend(drawn: DrawnPanel) -> Json:
    """Put the legend where all of it is seen: many lines beside the plot (on a phone Grafana moves it below).

    Where labels name the lines, and so nobody knows how many there are, the largest come first.
    """
    labelled = any("{{" in query.legend for query in drawn.queries)
    many = labelled or len(drawn.queries) > 2
    legend: Json = {
        "calcs": ["mean", "lastNotNull"],
        "displayMode": "table",
        "placement": "right" if many else "bottom",
        "showLegend": True,
    }
    return legend | ({"sortBy": "Mean", "sortDesc": True} if labelled else {})
