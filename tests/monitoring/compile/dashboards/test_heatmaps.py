"""Heat maps."""

from __future__ import annotations

from monitoring.domains.ask import Ask
from monitoring.domains.board import Panel
from monitoring.domains.scale import Scale
from tests.monitoring.compile.dashboards.drawings import panel_of


def test_buckets_are_rows_that_grafana_does_not_count_again() -> None:
    found = panel_of(Panel("?", "", "heatmap", (Ask("buckets", "exit_confidence_p10"),), Scale("none", 2)))
    assert (found["type"], found["options"]["calculate"]) == ("heatmap", False)
    assert found["options"]["yAxis"] == {"axisPlacement": "left", "unit": "none", "decimals": 2}
    assert found["targets"][0]["format"] == "heatmap"


def test_an_axis_without_decimals_chooses_them() -> None:
    found = panel_of(Panel("?", "", "heatmap", (Ask("buckets", "exit_confidence_p10"),), Scale("s")))
    assert found["options"]["yAxis"] == {"axisPlacement": "left", "unit": "s"}
