"""Panels that boards of any domain have."""

from __future__ import annotations

from monitoring.domains.ask import Ask, TargetOr
from monitoring.domains.ready_panels import hourly, number, over_time
from monitoring.domains.scale import HOURS, Banded, UnitOf


def test_a_signal_over_time_has_a_line_for_each_value_and_its_bands() -> None:
    panel = over_time("bypass_rate", "Which types skip work?", "content_type", 12)
    assert panel.asks == (Ask("rolling", "bypass_rate", by=("content_type",)),)
    assert (panel.scale, panel.marks, panel.colours) == (Banded("bypass_rate"), "banded", "content_type")
    assert (panel.kind, panel.height) == ("lines", 12)
    assert "a line for each content type." in panel.how


def test_a_total_has_a_stacked_bar_an_hour() -> None:
    panel = hourly("items", "How many?", "Items.", "content_type")
    assert panel.asks == (Ask("rolling", "items", by=("content_type",), step="1h"),)
    assert (panel.scale, panel.stacked, panel.kind) == (UnitOf("items"), True, "bars")
    assert panel.how == "Items. Each bar is the hour before it."


def test_a_total_of_seconds_is_shown_in_hours() -> None:
    panel = hourly("saved_seconds", "How long?", "Time.", "content_type")
    assert (panel.scale, panel.asks[0].made) == (HOURS, "(@) / 3600")  # type: ignore[union-attr]


def test_a_number_has_its_target_beside_it() -> None:
    panel = number("bypass_rate", "How many?", "The rate.")
    assert panel.asks == (Ask("whole", "bypass_rate", TargetOr()),)
    assert (panel.scale, panel.width, panel.height) == (Banded("bypass_rate"), 6, 4)
    assert number("x", "?", "", legend="words").asks[0].legend == "words"


def test_a_long_time_is_a_number_of_hours_when_it_is_said_to_be() -> None:
    assert number("saved_seconds", "?", "", hours=True).scale == HOURS
    assert number("item_duration_p95_seconds", "?", "").scale == Banded("item_duration_p95_seconds")
