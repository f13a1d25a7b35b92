from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.exporter.conftest import Running

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
    assert news["avg_quality_score"] == pytest.approx(0.8)  # of items processed in full
    assert fun["avg_quality_score"] is None
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
    assert last["timestamp"] % 3600 == 0
    assert abs(last["timestamp"] - before) <= 3600
    scores = ("avg_quality_score", "coherence_score", "completeness_score", "informativeness_score")
    assert [last[name] for name in scores] == pytest.approx([0.8, 0.7, 0.6, 0.5])


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
