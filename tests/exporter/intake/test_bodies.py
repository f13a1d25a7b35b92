from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from exporter.errors import ApiError
from exporter.intake.bodies import Budget
from pipeline import zstd
from tests.exporter.conftest import Running, Serve

BATCH = "/api/performance/record/batch"
GOOD = {"processing_type": "full", "content_type": "news", "processing_time": 2.0, "time_saved_pct": 0.0}
JSON = {"Content-Type": "application/json"}


def test_room_for_bodies_is_given_back() -> None:
    budget = Budget(100)
    budget.take(60)
    with pytest.raises(ApiError, match="try again"):
        budget.take(60)
    budget.give_back(60)
    budget.take(100)
    assert budget.used == 100


def test_after_any_request_no_room_is_lost(running: Running) -> None:
    budget = running.exporter.requests._budget
    for body, headers in (
        (b"[{}]", {"Content-Encoding": "gzip"}),
        (b"[", {}),
        (b"[]", {}),
        (b"[]", {"Content-Type": "x/y"}),
    ):
        running.client.post("/api/performance/record/batch", content=body, headers=headers)
    assert budget.used == 0


def error(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()["error"]
    assert found["message"]
    return found


def test_too_large_is_refused_before_it_is_read(serve: Serve) -> None:
    running = serve(max_body_bytes=1000, max_decoded_bytes=5000)
    error(running.client.post(BATCH, content=b"[" + b" " * 2000 + b"]", headers=JSON), 413)
    chunks = (b" " * 400 for _ in range(5))
    error(running.client.post(BATCH, content=chunks, headers=JSON), 413)
    for bomb, encoding in ((gzip.compress(b" " * 1_000_000), "gzip"), (zstd.compress(b" " * 1_000_000), "zstd")):
        error(running.client.post(BATCH, content=bomb[:1000], headers={**JSON, "Content-Encoding": encoding}), 413)
    assert running.value('exporter_rejected_records_total{reason="too_large"}') == 4


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_damaged_compressed_body_is_malformed(running: Running, encoding: str) -> None:
    body = json.dumps([GOOD]).encode()
    packed = gzip.compress(body) if encoding == "gzip" else zstd.compress(body)
    for damaged in (packed[:-4], b"junk" + packed, b""):
        response = running.client.post(BATCH, content=damaged, headers={**JSON, "Content-Encoding": encoding})
        error(response, 400)
