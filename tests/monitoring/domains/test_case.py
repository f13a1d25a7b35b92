"""Cases that several alerts share."""

from __future__ import annotations

from monitoring.domains.case import lasting


def test_an_alert_on_a_growing_counter_fires_for_each_and_is_silent_after_a_single_time() -> None:
    cases = lasting(("a_total", "b_total"), {"description": "It grows."}, {"integration": "slack"})
    firing = [case for case in cases if case.at]
    assert [list(case.series) for case in firing] == [["a_total"], ["b_total"]]
    assert {(case.at, case.texts["description"], case.labels["integration"]) for case in firing} == {
        ("25m", "It grows.", "slack")
    }
    once = [case for case in cases if "single" in case.title]
    assert [list(case.series) for case in once] == [["a_total"], ["b_total"]]
    assert all(case.silent for case in cases)
    assert list(cases[-1].series) == ["a_total", "b_total"]
