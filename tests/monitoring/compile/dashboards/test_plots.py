"""Lines and bars, their legends and their marks."""

from __future__ import annotations

from typing import Any

from monitoring.domains.ask import Ask
from monitoring.domains.board import Panel
from monitoring.domains.scale import Banded
from tests.monitoring.compile.dashboards.drawings import panel_of
from tests.monitoring.dashboards import each_panel

ITEMS = (Ask("rolling", "items", "items"),)


def custom(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = panel_of(panel)["fieldConfig"]["defaults"]["custom"]
    return found


def legend(*asks: Ask) -> dict[str, Any]:
    found: dict[str, Any] = panel_of(Panel("?", "", "lines", asks))["options"]["legend"]
    return found


@each_panel
def test_plots_have_legends_with_values(panel: dict[str, Any]) -> None:
    if panel["type"] == "timeseries":
        assert panel["options"]["legend"]["showLegend"]
        assert len(panel["options"]["legend"]["calcs"]) == 2


@each_panel
def test_a_legend_that_labels_fill_begins_with_the_largest(panel: dict[str, Any]) -> None:
    if panel["type"] == "timeseries":
        found = panel["options"]["legend"]
        labelled = any("{{" in target["legendFormat"] for target in panel["targets"])
        assert (found.get("sortBy"), found.get("sortDesc")) == (("Mean", True) if labelled else (None, None))


def test_many_lines_have_their_legend_beside_the_plot() -> None:
    assert legend(*ITEMS)["placement"] == "bottom"
    assert legend(*ITEMS, *ITEMS)["placement"] == "bottom"
    assert legend(*ITEMS, *ITEMS, *ITEMS)["placement"] == "right"
    assert legend(Ask("rolling", "items", by=("content_type",)))["placement"] == "right"


def test_lines_are_filled_where_they_stand_on_top_of_each_other() -> None:
    plain, stacked = (custom(Panel("?", "", "lines", ITEMS, stacked=stacked)) for stacked in (False, True))
    assert (plain["drawStyle"], plain["fillOpacity"], plain["stacking"]["mode"]) == ("line", 0, "none")
    assert (stacked["fillOpacity"], stacked["stacking"]["mode"]) == (60, "normal")


def test_a_bar_stands_before_its_moment() -> None:
    found = custom(Panel("?", "", "bars", ITEMS))
    assert (found["drawStyle"], found["barAlignment"]) == ("bars", -1)


def test_marks_are_dashed_and_in_sight() -> None:
    asks, scale = (Ask("rolling", "bypass_rate"),), Banded("bypass_rate")
    marked = custom(Panel("?", "", "lines", asks, scale, marks="always"))
    assert marked["thresholdsStyle"] == {"mode": "dashed"}
    assert (marked["axisSoftMin"], marked["axisSoftMax"]) == (0.4, 0.8)
    plain = custom(Panel("?", "", "lines", asks, scale))
    assert plain["thresholdsStyle"] == {"mode": "off"}
    assert "axisSoftMin" not in plain
