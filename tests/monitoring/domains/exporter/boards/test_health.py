"""The board Exporter and pipeline health."""

from __future__ import annotations

from tests.monitoring.dashboards import document_of, expressions_of, panel_of

BOARD = document_of("health")


def test_the_exporter_is_narrowed_by_job_and_instance() -> None:
    number = panel_of(BOARD, "Is the exporter scraped?")["targets"][0]["expr"]
    here = '{job=~"$job",instance=~"$instance"}'
    assert number == f"sum(up{here}) / count(up{here})"
    assert not any("{@" in text for text in expressions_of(BOARD))


def test_the_dots_of_slow_items_draw_no_line() -> None:
    line, dots = panel_of(BOARD, "Which items took long?")["targets"]
    assert dots["exemplar"]
    assert dots["expr"].endswith("offset 1000w")
    assert line["expr"].startswith("histogram_quantile(0.95, ")


def test_the_board_shows_the_last_hours() -> None:
    assert (BOARD["time"]["from"], BOARD["refresh"]) == ("now-6h", "30s")
