from __future__ import annotations

from typing import Any

import pytest

from exporter.intake.decoding import read_query
from pipeline.events import ItemFinished
from tests.exporter.conftest import Running

RECORD = "/api/performance/record"


BATCH = "/api/performance/record/batch"


EVENTS = "/api/events"


GOOD = {"processing_type": "full", "content_type": "news", "processing_time": 2.0, "time_saved_pct": 0.0}


JSON = {"Content-Type": "application/json"}


def error(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()["error"]
    assert found["message"]
    return found


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"unknown": 1}, "unknown", 1),
        ({"type": "item_failed"}, "type", "item_failed"),
        ({"processing_type": "partial"}, "processing_type", "partial"),
        ({"processing_type": None}, "processing_type", None),
        ({"quality_score": 1.01}, "quality_score", 1.01),
        ({"quality_score": -0.01}, "quality_score", -0.01),
        ({"quality_score": "0.5"}, "quality_score", "0.5"),
        ({"quality_score": True}, "quality_score", True),
        ({"processing_time": 604_801}, "processing_time", 604_801),
        ({"time_saved_pct": 1}, "time_saved_pct", 1),
        ({"time_saved_pct": 1.0}, "time_saved_pct", 1.0),
        ({"exit_confidence": 2}, "exit_confidence", 2),
        ({"content_type": 7}, "content_type", 7),
        ({"bypass_reason": "mood"}, "bypass_reason", "mood"),
        ({"content_type": ["news"]}, "content_type", '["news"]'),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(running: Running, change: Any, field: str, value: Any) -> None:
    found = error(running.record(**{**GOOD, **change}), 422)
    assert (found["index"], found["field"], found["value"]) == (0, field, value)
    assert found["expectation"]
    assert running.value("pipeline_items_total") == 0
    assert running.value('exporter_rejected_records_total{reason="invalid"}') == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_number_that_is_not_finite_is_named_too(running: Running, number: str) -> None:
    body = f'{{"processing_type": "full", "quality_score": {number}}}'
    found = error(running.client.post(RECORD, content=body, headers=JSON), 422)
    assert (found["field"], found["index"]) == ("quality_score", 0)


def test_a_missing_field_is_named(running: Running) -> None:
    found = error(running.record(content_type="news"), 422)
    assert found["field"] == "processing_type"
    assert "required" in found["expectation"]


@pytest.mark.parametrize(
    "query",
    ["processing_type=full&quality_score=nan", "processing_type=full&nope=1", "processing_type=full&processing_type=full",
     "processing_type=full&time_saved_pct=1e400", "content_type=news", "processing_type=full&type=item_finished"],
)  # fmt: skip
def test_query_parameters_are_as_strict(running: Running, query: str) -> None:
    assert error(running.client.post(f"{RECORD}?{query}"), 422)["field"]


def test_query_numbers_are_read_as_numbers() -> None:
    event = read_query([("processing_type", "full"), ("quality_score", "0.5")]).events[0]
    assert event == ItemFinished("full", quality_score=0.5)


@pytest.mark.parametrize(
    ("body", "position"),
    [(b'{"processing_type": "full"', 26), (b"", 0), (b"{'a': 1}", 1), (b'{"processing_type": "full"} x', 28),
     (b'{"content_type": "\xff"}', 18), (b'{"processing_type": "full", "content_type": "\\ud800"}', 45), (b"[" * 90_000, 0)],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_position(running: Running, body: bytes, position: int) -> None:
    assert error(running.client.post(RECORD, content=body, headers=JSON), 400)["position"] == position
    assert running.value('exporter_rejected_records_total{reason="malformed"}') == 1


def test_a_batch_that_is_no_array_is_refused(running: Running) -> None:
    assert "array" in error(running.client.post(BATCH, json=GOOD), 422)["expectation"]
    assert error(running.client.post(BATCH, json=[1]), 422)["value"] == 1


@pytest.mark.parametrize(
    ("event", "field"),
    [({"type": "no_such_event"}, "type"), ({"duration_seconds": 1}, "type"), ({"type": "stage_finished"}, "pipeline_stage"),
     ({"type": "quality_assessed", "margin": 1.5}, "margin"),
     ({"type": "config_activated", "config_hash": "x", "thresholds": {"a": 0.5, "b": 2}}, "thresholds.b"),
     ({"type": "calls_saved", "processing_type": "full", "llm_calls": 0.5}, "llm_calls")],
)  # fmt: skip
def test_events_are_as_strict(running: Running, event: dict[str, Any], field: str) -> None:
    assert error(running.client.post(EVENTS, json=event), 422)["field"] == field
