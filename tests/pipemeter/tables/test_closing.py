from __future__ import annotations

import io
import re

from rich.console import Console

from pipeline.running.outcome import Outcome
from pipemeter.tables.closing import closing_table, percent, ratio, seconds

FULL = Outcome("a.srt", "full", "news", 0.8, duration_seconds=6.0, time_saved_seconds=0.0)
LIGHT = Outcome("b.srt", "lightweight", "fun", 0.4, reason="low_quality", duration_seconds=2.0, time_saved_seconds=8.0)
EXIT = Outcome("c.mp3", "early_exit", None, None, "post_download", "too_short", 0.9, 1.0, 14.0)
FAILED = Outcome("d.mp4", failed_stage="download", error="corrupt: d.mp4 is truncated")


def shown(*outcomes: Outcome) -> str:
    out = io.StringIO()
    Console(file=out, width=200, highlight=False).print(closing_table(outcomes))
    return out.getvalue()


def row(text: str, first: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"│ {first}"))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_each_way_has_its_items_its_seconds_and_its_quality() -> None:
    text = shown(FULL, LIGHT, EXIT)
    assert row(text, "full") == ["full", "1", "6.00 s", "0.00 s", "0.80"]
    assert row(text, "lightweight") == ["lightweight", "1", "2.00 s", "8.00 s", "0.40"]
    assert row(text, "early_exit") == ["early_exit", "1", "1.00 s", "14.00 s", "-"]
    assert row(text, "(left before)")[1] == "1"


def test_the_last_lines_say_what_it_came_to() -> None:
    text = shown(FULL, LIGHT, EXIT, FAILED)
    assert "3 new items, 1 failed\n" in text
    assert "Bypass rate 67 %" in text
    assert "time saved 71 % (22.00 s of 31.00 s)" in text
    assert "mean quality of full items 0.80" in text


def test_reasons_for_leaving_are_counted_and_the_most_frequent_stands_first() -> None:
    silent = Outcome("e", "early_exit", checkpoint="post_download", reason="silent")
    text = shown(EXIT, silent, EXIT)
    assert [row(text, "post_download")[1:], text.index("too_short") < text.index("silent")] == [
        ["too_short", "2"],
        True,
    ]


def test_items_that_were_known_are_counted_apart_and_cost_nothing() -> None:
    known = Outcome("f", "full", "news", 0.6, duration_seconds=50.0, time_saved_seconds=0.0, known=True)
    text = shown(FULL, known)
    assert row(text, "full") == ["full", "1", "1", "6.00 s", "0.00 s", "0.70"]
    assert "1 new items, 0 failed, 1 known and answered from memory" in text


def test_items_without_an_estimate_are_said() -> None:
    assert "1 items without an estimate" in shown(Outcome("g", "full", "news", 0.7, duration_seconds=1.0))


def test_a_failure_names_its_source_its_stage_and_its_reason_whatever_they_hold() -> None:
    hostile = Outcome("[/x][bold]\x1b[31m.mp4", failed_stage="download", error="corrupt: [/y] is \r no file")
    text = shown(FAILED, hostile)
    assert "d.mp4" in text
    assert "[/x][bold]\N{REPLACEMENT CHARACTER}[31m.mp4" in text
    assert "corrupt: [/y] is \N{REPLACEMENT CHARACTER} no file" in text
    assert not re.search(r"[\x1b\r]", text)


def test_a_reason_that_an_operator_wrote_is_no_markup() -> None:
    assert "claims[0] < 3" in shown(Outcome("h", "early_exit", checkpoint="post_analysis", reason="claims[0] < 3"))
    assert "[/red]" in shown(Outcome("h", "full", "[/red]"))


def test_of_nothing_there_is_nothing_to_share() -> None:
    text = shown()
    assert "0 new items, 0 failed" in text
    assert "Bypass rate -" in text


def test_durations_scores_and_shares_are_written_as_people_write_them() -> None:
    assert [seconds(value) for value in (0.0, 59.99, 90.0, 5400.0)] == ["0.00 s", "59.99 s", "1.5 min", "1.50 h"]
    assert (ratio(0.666), ratio(None), percent(1, 3), percent(0, 0)) == ("0.67", "-", "33 %", "-")
