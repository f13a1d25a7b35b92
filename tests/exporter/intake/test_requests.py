from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from pipeline import zstd
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


def test_a_record_is_answered_recorded_and_visible_in_the_next_scrape(running: Running) -> None:
    response = running.record(processing_type="lightweight", processing_time=35.2, time_saved_pct=0.75)
    assert response.status_code == 200
    assert response.json() == {"status": "recorded"}
    text = running.text()
    labels = '{config_version="unspecified",content_type="unspecified",processing_type="lightweight"}'
    assert f"pipeline_items_total{labels} 1.0\n" in text
    assert f"pipeline_time_spent_seconds_total{labels} 35.2\n" in text
    saved = next(line for line in text.splitlines() if line.startswith(f"pipeline_time_saved_seconds_total{labels}"))
    assert float(saved.split()[1]) == pytest.approx(105.6)
    assert running.value("exporter_records_total ") == 1


def test_a_record_without_time_counts_the_item_and_says_it_is_incomplete(running: Running) -> None:
    assert running.record(processing_type="lightweight", time_saved_pct=0.5).status_code == 200
    assert running.value("pipeline_items_total") == 1
    assert running.value("pipeline_time_s") == 0
    assert running.value('exporter_incomplete_records_total{reason="processing_time"}') == 1


def test_query_parameters_do_the_same_as_a_body(running: Running) -> None:
    response = running.client.post(
        f"{RECORD}?processing_type=full&time_saved_pct=0.0&processing_time=3&content_type=news"
    )
    assert response.json() == {"status": "recorded"}
    assert running.value('pipeline_time_spent_seconds_total{config_version="unspecified",content_type="news"') == 3


@pytest.mark.parametrize(("given", "counted"), [
    ({"bypass_reason": "low_quality"}, "low_quality"), ({"bypass_reason": "content_type"}, "content_type"), ({}, "unspecified"),
])  # fmt: skip
def test_a_bypass_counts_by_its_reason_however_it_is_sent(
    running: Running, given: dict[str, str], counted: str
) -> None:
    row = {"processing_type": "lightweight", "content_type": "news", **given}
    for _ in range(2):
        running.record(**row).raise_for_status()
    running.client.post(RECORD, params=row).raise_for_status()
    running.client.post(BATCH, json=[row] * 40).raise_for_status()  # more than the few that are counted one by one
    start = 'pipeline_bypasses_total{config_version="unspecified",content_type="news",reason='
    assert running.value(f'{start}"{counted}"') == 43
    assert running.value(start) == 43


@pytest.mark.parametrize("how", ["json", "params"])
def test_a_reason_for_a_bypass_that_there_is_none_of_is_refused(running: Running, how: str) -> None:
    row = {"processing_type": "lightweight", "bypass_reason": "mood"}
    found = error(running.client.post(RECORD, **{how: row}), 422)  # type: ignore[arg-type]
    assert (found["field"], found["value"]) == ("bypass_reason", "mood")
    assert running.value("pipeline_bypasses_total") == 0


def test_body_and_query_parameters_together_are_refused(running: Running) -> None:
    error(running.client.post(f"{RECORD}?processing_type=full", json=GOOD), 422)


@pytest.mark.parametrize("path", [RECORD, BATCH, EVENTS])
def test_a_wrong_media_type_is_refused(running: Running, path: str) -> None:
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        error(running.client.post(path, content=b"{}", headers={"Content-Type": kind}), 415)
    headers = {"Content-Type": "application/json", "Content-Encoding": "br"}
    error(running.client.post(path, content=b"{}", headers=headers), 415)


def test_parameters_of_the_media_type_do_not_matter(running: Running) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"):
        response = running.client.post(RECORD, content=json.dumps(GOOD), headers={"Content-Type": kind})
        assert response.status_code == 200


def batches() -> list[tuple[str, bytes, dict[str, str]]]:
    rows = [{**GOOD, "processing_time": float(n)} for n in range(40)]
    array = json.dumps(rows).encode()
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    stream = zstd.ZstdCompressor()  # fed bit by bit, it does not know the size that it would declare
    streamed = stream.compress(array[:99]) + stream.compress(array[99:]) + stream.flush()
    return [
        ("array", array, JSON),
        ("lines", lines, {"Content-Type": "application/x-ndjson"}),
        ("lines, gzip", gzip.compress(lines), {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}),
        ("array, zstd", zstd.compress(array), {**JSON, "Content-Encoding": "zstd"}),
        ("array, streamed zstd", streamed, {**JSON, "Content-Encoding": "zstd"}),
        ("array, two zstd frames", zstd.compress(array[:99]) + zstd.compress(array[99:]), {**JSON, "Content-Encoding": "zstd"}),
        ("array, two gzip members", gzip.compress(array[:99]) + gzip.compress(array[99:]), {**JSON, "Content-Encoding": "gzip"}),
        ("array without a media type", array, {}),
        ("lines without a media type", lines, {}),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "headers"), batches(), ids=[b[0] for b in batches()])
def test_batches_come_as_array_or_lines_compressed_or_not(
    running: Running, name: str, body: bytes, headers: dict[str, str]
) -> None:
    response = running.client.post(BATCH, content=body, headers=headers)
    assert response.json() == {"status": "recorded", "count": 40}
    assert running.value("pipeline_items_total") == 40
    assert running.value("pipeline_time_spent_seconds_total") == sum(range(40))


def test_a_batch_is_applied_whole_or_not_at_all(running: Running) -> None:
    rows = [GOOD] * 50 + [{**GOOD, "quality_score": 3}] + [GOOD] * 9
    found = error(running.client.post(BATCH, json=rows), 422)
    assert (found["index"], found["field"], found["value"]) == (50, "quality_score", 3)
    assert running.value("pipeline_items_total") == 0
    assert running.value('exporter_rejected_records_total{reason="invalid"}') == 60
    lines = "\n".join(json.dumps(row) for row in [GOOD, {**GOOD, "x": 1}])
    found = error(running.client.post(BATCH, content=lines, headers={"Content-Type": "application/x-ndjson"}), 422)
    assert (found["index"], found["field"]) == (1, "x")
    broken = f"{json.dumps(GOOD)}\n{{"
    found = error(running.client.post(BATCH, content=broken, headers={"Content-Type": "application/x-ndjson"}), 400)
    assert found["line"] == 2


def test_an_empty_batch_is_fine(running: Running) -> None:
    assert running.client.post(BATCH, json=[]).json() == {"status": "recorded", "count": 0}


def test_any_event_of_the_vocabulary_is_taken(running: Running) -> None:
    events = [
        {"type": "item_finished", **GOOD},
        {"type": "item_failed", "pipeline_stage": "download", "error_type": "timeout"},
        {"type": "stage_finished", "pipeline_stage": "download", "duration_seconds": 1.5},
        {"type": "stage_fault", "pipeline_stage": "download", "error_type": "network"},
        {"type": "checkpoint_evaluated", "checkpoint": "post_download", "candidate_confidence": 0.9},
        {"type": "quality_assessed", "margin": -0.2},
        {"type": "calls_saved", "processing_type": "lightweight", "llm_calls": 3, "cost_usd": 0.02},
        {"type": "config_activated", "config_hash": "abc", "thresholds": {"min_overall": 0.65}},
    ]
    for event in events:
        assert running.client.post(EVENTS, json=event).json() == {"status": "recorded"}
    assert running.client.post(EVENTS, json=events).json() == {"status": "recorded", "count": 8}
    assert running.value("exporter_records_total ") == 16
    assert running.value("pipeline_failures_total") == 2
    assert running.value("pipeline_llm_calls_saved_total") == 6
    assert running.value('pipeline_config_info{config_hash="abc"') == 1


def test_a_repeat_under_the_same_key_is_answered_duplicate(running: Running) -> None:
    headers = {"Idempotency-Key": "a-key"}
    assert running.client.post(RECORD, json=GOOD, headers=headers).json() == {"status": "recorded"}
    assert running.client.post(RECORD, json=GOOD, headers=headers).json() == {"status": "duplicate"}
    batch = {"Idempotency-Key": "b" * 128}
    assert running.client.post(BATCH, json=[GOOD] * 3, headers=batch).json()["status"] == "recorded"
    assert running.client.post(BATCH, json=[GOOD] * 3, headers=batch).json() == {"status": "duplicate", "count": 3}
    assert running.value("pipeline_items_total") == 4
    assert running.value("exporter_duplicate_records_total ") == 4


def test_a_repeat_may_be_written_otherwise(running: Running) -> None:
    headers = {"Idempotency-Key": "k"}
    assert running.client.post(RECORD, json={"processing_type": "full"}, headers=headers).json()["status"] == "recorded"
    assert running.client.post(f"{RECORD}?processing_type=full", headers=headers).json() == {"status": "duplicate"}
    spaced = b' {"content_type": null, "processing_type": "full"} '
    assert running.client.post(RECORD, content=spaced, headers=headers).json() == {"status": "duplicate"}
    lines = b'{"processing_type":"full"}\n'
    ndjson = {**headers, "Content-Type": "application/x-ndjson"}
    assert running.client.post(BATCH, content=lines, headers=ndjson).json() == {"status": "duplicate", "count": 1}
    assert running.value("pipeline_items_total") == 1


def test_a_key_that_comes_again_with_other_content_is_a_mistake_of_its_sender(running: Running) -> None:
    headers = {"Idempotency-Key": "a-key"}
    running.client.post(BATCH, json=[GOOD] * 3, headers=headers)
    with capture_logs() as logs:
        refused = error(running.client.post(BATCH, json=[GOOD] * 4, headers=headers), 422)
    assert refused["code"] == "key"
    assert "this Idempotency-Key came before with other content" in refused["message"]
    assert running.value('exporter_rejected_records_total{reason="key"}') == 4
    assert [log["records"] for log in logs if "came again with other content" in log["event"]] == [4]
    assert running.client.post(BATCH, json=[GOOD] * 3, headers=headers).json() == {"status": "duplicate", "count": 3}
    assert running.value("pipeline_items_total") == 3
    assert running.value("exporter_duplicate_records_total ") == 3


def test_a_refused_request_does_not_use_up_its_key(running: Running) -> None:
    headers = {"Idempotency-Key": "k"}
    error(running.client.post(RECORD, json={"processing_type": "x"}, headers=headers), 422)
    assert running.client.post(RECORD, json=GOOD, headers=headers).json() == {"status": "recorded"}


@pytest.mark.parametrize("key", ["", "x" * 129])
@pytest.mark.parametrize("path", [RECORD, BATCH])
def test_a_key_has_1_to_128_characters(running: Running, key: str, path: str) -> None:
    body: Any = GOOD if path == RECORD else [GOOD]
    error(running.client.post(path, json=body, headers={"Idempotency-Key": key}), 400)
    assert running.value('exporter_rejected_records_total{reason="key"}') == 1
