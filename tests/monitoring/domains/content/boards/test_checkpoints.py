"""The board Checkpoints and early exits."""

from __future__ import annotations

from tests.monitoring.dashboards import document_of, panel_of

BOARD = document_of("checkpoints")


def test_the_funnel_goes_from_all_items_by_the_checkpoints_to_those_that_went_all_the_way() -> None:
    first, reached, full = panel_of(BOARD, "Where do items leave?")["targets"]
    assert (first["legendFormat"], full["legendFormat"]) == ("finished, any way", "processed in full")
    assert reached["expr"].startswith("sort_desc(")
    assert 'processing_type="full"' in full["expr"]
    assert "processing_type" not in first["expr"]


def test_reasons_of_exits_and_of_the_lightweight_way_stand_in_one_list() -> None:
    [target] = panel_of(BOARD, "Why do items skip work?")["targets"]
    assert target["expr"].startswith("sort_desc((")
    assert target["expr"].endswith(', "checkpoint", "lightweight", "", "")) > 0)')
    assert target["legendFormat"] == "{{checkpoint}}: {{reason}}"


def test_confidence_is_said_not_to_follow_the_choice_of_type() -> None:
    description = panel_of(BOARD, "How sure were the exits?")["description"]
    assert "The choice of version and content type does not narrow it." in description
