"""Everything that matters, for each value of a label."""

from __future__ import annotations

from monitoring.domains.content.boards.summary import summary
from monitoring.domains.scale import HOURS, Banded


def test_every_column_is_a_signal_split_by_the_label() -> None:
    panel = summary("How does each type do?", "content_type", "Content type", height=6)
    assert all(ask.by == ("content_type",) for ask in panel.asks)  # type: ignore[union-attr]
    assert [ask.legend for ask in panel.asks] == list(panel.columns)
    assert (panel.sort, panel.height, panel.labels) == ("Items", 6, {"content_type": "Content type"})
    assert "a row for each content type;" in panel.how


def test_time_saved_is_in_hours_and_what_has_bands_is_coloured_by_them() -> None:
    panel = summary("?", "config_version", "Version")
    made = {ask.legend: ask.made for ask in panel.asks}  # type: ignore[union-attr]
    assert {title for title, text in made.items() if text != "@"} == {"Hours saved"}
    assert panel.columns["Hours saved"].scale == HOURS
    assert panel.columns["Bypass rate"].scale == Banded("bypass_rate")
