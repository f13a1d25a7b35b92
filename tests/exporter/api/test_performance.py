from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.exporter.conftest import Running, Serve

API = "/api/performance"


def hundred_items(running: Running) -> None:
    """The example of the brief: 45 lightweight, 15 early exits, 40 in full."""
    rows: list[dict[str, Any]] = []
    rows += [{"processing_type": "lightweight", "content_type": "entertainment", "quality_score": 0.4,
              "processing_time": 35.2, "time_saved_pct": 0.75}] * 45  # fmt: skip
    rows += [{"processing_type": "early_exit", "content_type": "news", "exit_checkpoint": "post_download",
              "exit_reason": "too_short", "exit_confidence": 0.9, "processing_time": 2.0, "time_saved_pct": 0.9}] * 10  # fmt: skip
    rows += [{"processing_type": "early_exit", "content_type": "news", "exit_checkpoint": "post_quality_filtering",
              "exit_reason": "very_low_quality", "exit_confidence": 0.8, "quality_score": 0.1}] * 5  # fmt: skip
    rows += [{"processing_type": "full", "content_type": "news", "quality_score": 0.8, "coherence": 0.7,
              "completeness": 0.6, "informativeness": 0.5, "processing_time": 100.0, "time_saved_pct": 0.0}] * 40  # fmt: skip
    running.client.post(f"{API}/record/batch", json=rows).raise_for_status()


def test_the_example_of_the_brief_gives_its_rates(running: Running) -> None:
    hundred_items(running)
    summary = running.client.get(f"{API}/metrics/summary").json()
    assert summary["source"] == "process"
    assert summary["total_processed"] == 100
    assert (summary["quality_bypassed"], summary["early_exits"], summary["full_processing"]) == (45, 15, 40)
    assert summary["bypass_rate"] == pytest.approx(0.60)
    assert summary["early_exit_rate"] == pytest.approx(0.15)
    spent, saved = 45 * 35.2 + 10 * 2.0 + 4000.0, 45 * 105.6 + 10 * 18.0
    assert summary["avg_time_savings"] == pytest.approx(saved / (saved + spent))
    assert summary["total_time_saved_hours"] == pytest.approx(saved / 3600)


def test_each_content_type_has_a_row(running: Running) -> None:
    hundred_items(running)
    rows = running.client.get(f"{API}/content-types").json()["content_types"]
    assert [row["content_type"] for row in rows] == ["news", "entertainment"]
    news, fun = rows
    assert (news["count"], fun["count"]) == (55, 45)
    assert news["bypass_rate"] == pytest.approx(15 / 55)
    assert news["avg_quality_score"] == pytest.approx((40 * 0.8 + 5 * 0.1) / 45)  # of all that were scored
    assert news["avg_quality_score_full"] == pytest.approx(0.8)
    assert news["avg_processing_time"] == pytest.approx((10 * 2.0 + 4000) / 50)
    assert fun["avg_processing_time"] == pytest.approx(35.2)


def test_each_checkpoint_has_a_row(running: Running) -> None:
    hundred_items(running)
    rows = running.client.get(f"{API}/checkpoints").json()["checkpoints"]
    assert [row["checkpoint_name"] for row in rows] == ["post_download", "post_quality_filtering"]
    assert rows[0]["exit_count"] == 10
    assert rows[0]["exit_rate"] == pytest.approx(0.10)
    assert rows[0]["top_exit_reasons"] == [{"reason": "too_short", "count": 10}]
    assert rows[0]["avg_confidence"] == pytest.approx(0.9)


def test_each_hour_has_a_row(running: Running) -> None:
    before = datetime.now(UTC).timestamp()
    hundred_items(running)
    rows = running.client.get(f"{API}/quality-trends?hours=48").json()["quality_trends"]
    assert sum(row["items_processed"] for row in rows) == 100
    last = rows[-1]
    start = last["timestamp_seconds"]
    assert start % 3600 == 0
    assert abs(start - before) <= 3600
    assert last["timestamp"] == datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    scores = ("avg_quality_score", "coherence_score", "completeness_score", "informativeness_score")
    assert [last[name] for name in scores] == pytest.approx([0.8, 0.7, 0.6, 0.5])


def test_a_type_that_is_always_bypassed_has_the_quality_of_its_items(running: Running) -> None:
    hundred_items(running)
    _, fun = running.client.get(f"{API}/content-types").json()["content_types"]
    assert (fun["avg_quality_score"], fun["avg_quality_score_full"]) == (pytest.approx(0.4), None)


@pytest.mark.parametrize("path", [f"{API}/", f"{API}/quality-trends"])
def test_the_scores_of_hours_say_of_which_items_they_are(running: Running, path: str) -> None:
    assert running.client.get(path).json()["quality_trends_of"] == "full"


@pytest.mark.parametrize("path", [f"{API}/", API, f"{API}/?hours=12"])
def test_the_overview_holds_all_four_parts(running: Running, path: str) -> None:
    hundred_items(running)
    answer = running.client.get(path).json()
    assert answer["overall_metrics"]["total_processed"] == 100
    assert len(answer["content_type_breakdown"]) == 2
    assert len(answer["checkpoint_analytics"]) == 2
    assert len(answer["quality_trends"]) == 1
    assert answer["source"] == "process"


def test_nothing_yet_is_zero_counts_and_null_ratios(running: Running) -> None:
    answer = running.client.get(f"{API}/").json()
    overall = answer["overall_metrics"]
    assert overall["total_processed"] == overall["full_processing"] == 0
    assert overall["bypass_rate"] is overall["avg_time_savings"] is None
    assert overall["total_time_saved_hours"] == 0
    assert answer["content_type_breakdown"] == answer["checkpoint_analytics"] == answer["quality_trends"] == []


@pytest.mark.parametrize("hours", ["0", "-1", "x", "1.5", "8785", "99999999999", "", "१"])
def test_a_wrong_window_is_refused(running: Running, hours: str) -> None:
    response = running.client.get(f"{API}/", params={"hours": hours})
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "hours"


class Clock:
    """A clock that stands where it is put. It begins at 2026-01-01T00:00:00Z."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0

    def __call__(self) -> float:
        return self.now


def one_item_an_hour(running: Running, clock: Clock, hours: int) -> None:
    """At 20 past each hour: in the hour numbered n an item of n seconds, the news of odd hours, the rest bypassed."""
    for number in range(hours):
        clock.now += 1200
        way = "full" if number % 2 else "lightweight"
        share = 0.0 if number % 2 else 0.5
        running.record(processing_type=way, content_type="news" if number % 2 else "fun", quality_score=number % 100 / 100,
                       processing_time=float(number), time_saved_pct=share).raise_for_status()  # fmt: skip
        clock.now += 2400


def test_the_window_that_is_asked_is_answered_by_whole_hours(serve: Serve) -> None:
    clock = Clock()
    running = serve(clock=clock)
    one_item_an_hour(running, clock, 10)
    clock.now += 600  # 10:10: of the last three hours the first began at 07:00, the items of which are 7, 8, 9
    answer = running.client.get(f"{API}/?hours=3").json()
    assert (answer["source"], answer["hours"], answer["window_hours"]) == ("process", 3, 3.17)
    assert (answer["window_start"], answer["window_end"]) == ("2026-01-01T07:00:00Z", "2026-01-01T10:10:00Z")
    assert (answer["window_start_seconds"], answer["window_end_seconds"]) == (1_767_250_800.0, 1_767_262_200.0)
    assert (answer["since"], answer["since_seconds"]) == ("2026-01-01T00:20:00Z", 1_767_226_800.0)
    overall = answer["overall_metrics"]
    assert (overall["total_processed"], overall["full_processing"], overall["quality_bypassed"]) == (3, 2, 1)
    assert overall["avg_time_savings"] == pytest.approx(8 / (8 + 24))
    assert {row["content_type"]: (row["count"], row["avg_quality_score"], row["avg_processing_time"])
            for row in answer["content_type_breakdown"]} == {"news": (2, pytest.approx(0.08), pytest.approx(8.0)),
                                                             "fun": (1, pytest.approx(0.08), pytest.approx(8.0))}  # fmt: skip
    assert [(row["timestamp"], row["avg_quality_score"]) for row in answer["quality_trends"]] == [
        ("2026-01-01T07:00:00Z", pytest.approx(0.07)), ("2026-01-01T08:00:00Z", None),
        ("2026-01-01T09:00:00Z", pytest.approx(0.09)),
    ]  # fmt: skip


def test_what_came_before_the_window_is_not_in_it(serve: Serve) -> None:
    clock = Clock()
    running = serve(clock=clock)
    one_item_an_hour(running, clock, 2)
    clock.now += 25 * 3600
    answer = running.client.get(f"{API}/").json()
    assert answer["overall_metrics"]["total_processed"] == 0
    assert answer["content_type_breakdown"] == answer["quality_trends"] == []
    assert running.client.get(f"{API}/metrics/summary?hours=48").json()["total_processed"] == 2


def test_a_window_beyond_the_hours_that_are_kept_says_where_it_begins(serve: Serve) -> None:
    clock = Clock()
    running = serve(clock=clock)
    one_item_an_hour(running, clock, 175)  # from 2026-01-01 to 2026-01-08T07:00; the first seven hours are forgotten
    running.record(processing_type="full")
    week = running.client.get(f"{API}/metrics/summary?hours=170").json()
    assert (week["window_start"], week["total_processed"]) == ("2026-01-01T07:00:00Z", 169)
    everything = running.client.get(f"{API}/?hours=8784").json()
    assert (everything["window_start"], everything["overall_metrics"]["total_processed"]) == (
        "2025-01-07T07:00:00Z",
        176,
    )
    assert everything["quality_trends_start"] == "2026-01-01T07:00:00Z"
    assert len(everything["quality_trends"]) == 169


@pytest.mark.parametrize("kill", [False, True])
def test_windows_are_the_same_after_a_restart(serve: Serve, tmp_path: Path, kill: bool) -> None:
    clock = Clock()
    first = serve(clock=clock)
    one_item_an_hour(first, clock, 8)
    if kill:  # the journal as it is in the middle of things: entries, no snapshot
        for file in tmp_path.glob("journal.sqlite*"):
            (tmp_path / file.name.replace("journal", "copy")).write_bytes(file.read_bytes())
    else:
        first.server.stop()
    second = serve(clock=clock, journal=tmp_path / ("copy.sqlite" if kill else "journal.sqlite"))
    second.record(processing_type="full", content_type="news", quality_score=0.5)
    third_hour = second.client.get(f"{API}/?hours=3").json()
    assert third_hour["overall_metrics"]["total_processed"] == 4
    assert [row["avg_quality_score"] for row in third_hour["quality_trends"]] == [
        pytest.approx(0.05), None, pytest.approx(0.07), pytest.approx(0.5)
    ]  # fmt: skip
