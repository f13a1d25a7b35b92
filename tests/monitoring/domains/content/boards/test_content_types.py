"""The board Content types."""

from __future__ import annotations

from tests.monitoring.dashboards import document_of, panel_of


def test_the_table_tells_both_qualities_and_which_is_which() -> None:
    panel = panel_of(document_of("content-types"), "How does each content type do?")
    expressions = {target["refId"]: target["expr"] for target in panel["targets"]}
    scored = [text for text in expressions.values() if "pipeline_quality_score_sum" in text]
    assert ['processing_type="full"' in text for text in scored] == [True, False]
    assert (
        "Quality in full is the mean of items processed in full, quality of all that of every scored"
        in panel["description"]
    )


def test_what_a_type_is_like_is_drawn_beside_what_came_out_of_it() -> None:
    board = document_of("content-types")
    full = panel_of(board, "Which types come out well?")
    every = panel_of(board, "What is each type like, bypassed or not?")
    assert "items processed in full" in full["description"]
    assert "all scored items" in every["description"]
    assert 'processing_type="full"' in full["targets"][0]["expr"]
    assert "processing_type" not in every["targets"][0]["expr"]
