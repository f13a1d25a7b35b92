"""What happened meanwhile, as annotations."""

from __future__ import annotations

from monitoring.compile.dashboards.notes import NOTES, notes_json


def test_every_annotation_can_be_read_and_switched_off() -> None:
    for note, found in zip(NOTES, notes_json(), strict=True):
        assert (found["name"], found["expr"], found["iconColor"]) == (note.name, note.expr, note.colour)
        assert (found["titleFormat"], found["textFormat"]) == (note.title, note.text)
        assert found["enable"]
        assert not found["hide"]


def test_an_annotation_looks_back_over_a_whole_step() -> None:
    assert all("$__rate_interval" in note.expr for note in NOTES)
