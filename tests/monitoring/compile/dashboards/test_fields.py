"""Pieces that several kinds of panels have."""

from __future__ import annotations

from monitoring.compile.dashboards.fields import absent, by_steps, override, thresholds
from monitoring.domains.scale import Scale


def test_thresholds_are_absolute_and_begin_with_none() -> None:
    steps = [{"value": None, "color": "green"}, {"value": 30.0, "color": "red"}]
    assert thresholds(((None, "green"), (30.0, "red"))) == {"mode": "absolute", "steps": steps}


def test_a_scale_without_steps_has_one_colour() -> None:
    assert by_steps(Scale()) == {"mode": "fixed", "fixedColor": "text"}
    assert by_steps(Scale(), "blue") == {"mode": "fixed", "fixedColor": "blue"}
    assert by_steps(Scale(steps=((None, "red"),))) == {"mode": "thresholds"}


def test_an_override_is_for_one_field_by_name() -> None:
    found = override("Rate", {"unit": "percentunit", "decimals": 1})
    assert found["matcher"] == {"id": "byName", "options": "Rate"}
    assert found["properties"] == [{"id": "unit", "value": "percentunit"}, {"id": "decimals", "value": 1}]


def test_absent_is_null_and_nan() -> None:
    assert absent("-")["options"]["match"] == "null+nan"
