from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from exporter.server.guard import Guard
from exporter.settings import ExporterSettings
from pipeline.settings import Secret
from tests.exporter.conftest import Serve

GOOD = {"processing_type": "full"}


WRITES = [
    ("POST", "/api/performance/record", GOOD),
    ("POST", "/api/performance/record/batch", [GOOD]),
    ("POST", "/api/events", {"type": "quality_assessed", "margin": 0.1}),
    ("POST", "/api/alerts", {"alerts": []}),
    ("DELETE", "/api/performance/reset", None),
    ("PUT", "/metrics/job/x", None),
    ("DELETE", "/metrics/job/x", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_every_write_needs_the_token(serve: Serve, method: str, path: str, body: Any) -> None:
    running = serve(token=Secret("s3cret-token"), allow_reset=True)
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret-token"},
                   {"Authorization": "Bearer s3cret-token2"}):  # fmt: skip
        response = running.client.request(method, path, json=body, headers=header)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert "s3cret" not in response.text
    assert running.value('exporter_rejected_records_total{reason="unauthorized"}') == 4
    response = running.client.request(method, path, json=body, headers={"Authorization": "bearer s3cret-token"})
    assert response.status_code in (200, 202, 415)
    response = running.client.request(method, path, json=body, auth=("any", "s3cret-token"))
    assert response.status_code in (200, 202, 415)


def test_a_page_of_another_site_may_not_write(serve: Serve) -> None:
    running = serve()
    for path in ("/api/performance/record", "/api/events"):
        response = running.client.post(path, json=GOOD, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403
    assert running.client.get("/metrics", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert (
        running.client.post("/api/performance/record", json=GOOD, headers={"Sec-Fetch-Site": "none"}).status_code == 200
    )


def test_reading_is_open_unless_it_is_guarded_too(serve: Serve, tmp_path: Path) -> None:
    opened = serve(token=Secret("t"))
    assert opened.client.get("/metrics").status_code == 200
    guarded = serve(token=Secret("t"), guard_reads=True, journal=tmp_path / "other.sqlite")
    for path in ("/metrics", "/", "/api/performance/", "/openapi.json"):
        assert guarded.client.get(path).status_code == 401
        assert guarded.client.get(path, headers={"Authorization": "Bearer t"}).status_code == 200
    for path in ("/health", "/ready"):
        assert guarded.client.get(path).status_code == 200
    assert (
        guarded.exporter.metrics.registry.get_sample_value(
            "exporter_rejected_records_total", {"reason": "unauthorized"}
        )
        == 0
    )  # fmt: skip - no record was refused


def test_answers_carry_security_headers_and_a_request_id(serve: Serve) -> None:
    running = serve()
    for response in (
        running.client.get("/"),
        running.client.get("/metrics"),
        running.client.get("/nope"),
        running.record(),
    ):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-request-id"]
    acknowledged = running.record(**GOOD)
    assert acknowledged.headers["x-content-type-options"] == "nosniff"
    given = running.client.get("/health", headers={"X-Request-ID": "abc123"})
    assert given.headers["x-request-id"] == "abc123"
    forged = running.client.get("/health", headers={"X-Request-ID": "x;y=z"})
    assert forged.headers["x-request-id"] != "x;y=z"


def test_the_access_log_is_off_by_default_and_structured_when_on(serve: Serve) -> None:
    with structlog.testing.capture_logs() as logs:
        serve(journal=None).client.get("/health")
        assert not [entry for entry in logs if entry["event"] == "request"]
        running = serve(journal=None, access_log=True, token=Secret("hidden"))
        running.client.get("/health?token=hidden", headers={"X-Request-ID": "r1"})
        running.client.close()
        running.server.stop()  # the line is written after the answer has left
    entry = next(entry for entry in logs if entry["event"] == "request")
    assert (entry["method"], entry["path"], entry["status"], entry["request_id"]) == ("GET", "/health", 200, "r1")
    assert entry["duration_seconds"] >= 0
    assert "hidden" not in json.dumps(entry)


def test_an_unexpected_error_is_an_answer_in_json_with_the_request_id() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret detail")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": "/x", "scheme": "http", "headers": []}
    guard = Guard(broken, ExporterSettings(), lambda error: None)
    with structlog.testing.capture_logs() as logs:
        asyncio.run(guard(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 500
    error = json.loads(sent[1]["body"])["error"]
    assert "secret" not in json.dumps(error)
    assert error["request_id"] == logs[0]["request_id"]
