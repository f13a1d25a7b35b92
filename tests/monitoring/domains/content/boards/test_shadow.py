"""Panels about the shadow sample."""

from __future__ import annotations

from monitoring.domains.band import Bands
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import TARGETS, document_of, panel_of, steps_of


def test_wrong_skips_are_coloured_by_their_bands_and_stand_between_two_ends() -> None:
    bands = Bands(target=0.04, warning_high=0.12, critical_high=0.33, window=7200)
    targets = Targets(bands={**TARGETS.bands, "wrong_skip_rate": bands})
    overview, quality = (document_of(name, targets) for name in ("overview", "quality"))
    number = panel_of(overview, "How many skips were wrong?")
    assert [target["legendFormat"] for target in number["targets"]] == ["target 4 %", "at least", "at most"]
    assert steps_of(number) == [(None, "green"), (0.12, "orange"), (0.33, "red")]
    lines = panel_of(quality, "Do wrong skips become more?")
    assert [target["legendFormat"] for target in lines["targets"]] == ["wrong", "at least", "at most"]
    assert all("increase2h" in target["expr"] for target in lines["targets"])
    assert "over a rolling window of 2h." in lines["description"]
    columns = panel_of(quality, "Which decisions are wrong?")["transformations"][1]["options"]["renameByName"]
    assert {"Shadow items", "Wrong", "At least", "At most"} <= set(columns.values())


def test_how_far_estimates_are_off_is_zero_where_they_are_right() -> None:
    panel = panel_of(document_of("overview"), "Are the savings overstated?")
    assert panel["targets"][0]["expr"].endswith(" - 1")
    assert [value for value, _ in steps_of(panel)] == [None, -0.25, -0.1, 0.1, 0.25]
