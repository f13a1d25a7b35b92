"""The board A/B configurations."""

from __future__ import annotations

from tests.monitoring.dashboards import document_of, panel_of


def test_thresholds_stand_in_a_row_each_and_a_column_for_each_version() -> None:
    panel = panel_of(document_of("ab"), "What do the versions differ in?")
    [target] = panel["targets"]
    chosen = '{job=~"$job",config_version=~"$config_version"}'
    assert target["expr"] == f"max by (threshold, config_version) (pipeline_threshold_ratio{chosen})"
    assert panel["transformations"][0]["options"]["columnField"] == "config_version"
