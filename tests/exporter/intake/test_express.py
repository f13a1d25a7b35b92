"""The short way answers as the usual one does, byte for byte, and leaves to that whatever is out of the ordinary."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from exporter.app import create_app
from exporter.errors import ApiError
from exporter.intake.express import MAX_BYTES, Express
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config

BODY = json.dumps(
    {"processing_type": "full", "content_type": "news", "processing_time": 2.0, "time_saved_pct": 0}
).encode()
PLAIN = {"content-type": "application/json", "content-length": str(len(BODY))}


class Usual:
    """Stands behind the short way, and notes what reaches it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more and scope["method"] == "POST":
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)


def passed_on(
    headers: dict[str, str],
    body: bytes = BODY,
    method: str = "POST",
    query: bytes = b"",
    pieces: int = 1,
    path: str = "",
) -> tuple[list[bytes], list[Message]]:
    """Send one request; return what reached the usual way, and what was answered on the short one."""
    exporter = create_app(settings=ExporterSettings(), config=Config()).state.exporter
    usual, sent = Usual(), []
    express = Express(usual, exporter.acceptor, body_timeout_seconds=5)
    size = -(-len(body) // pieces) or 1
    chunks = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    ]

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": path or "/api/performance/record", "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(express(scope, receive, send))
    return usual.bodies, sent


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"]
)
def test_a_plain_record_is_taken_here(kind: str) -> None:
    reached, sent = passed_on({**PLAIN, "content-type": kind})
    assert reached == []
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 200
    assert (b"content-length", str(len(sent[1]["body"])).encode()) in sent[0]["headers"]
    assert json.loads(sent[1]["body"]) == {"status": "recorded"}


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": {**PLAIN, "content-encoding": "gzip"}},
        {"headers": {**PLAIN, "transfer-encoding": "chunked"}},
        {"headers": {**PLAIN, "expect": "100-continue"}},
        {"headers": {"content-length": PLAIN["content-length"]}},
        {"headers": {**PLAIN, "content-type": "application/x-ndjson"}},
        {"headers": {"content-type": "application/json"}},
        {"headers": {**PLAIN, "content-length": str(MAX_BYTES + 1)}},
        {"headers": PLAIN, "query": b"processing_type=full"},
        {"headers": PLAIN, "path": "/api/performance/record/batch"},
        {"headers": PLAIN, "pieces": 3},
    ],
    ids=lambda changed: str(sorted(changed)) + str(sorted(changed["headers"])),
)
def test_whatever_is_out_of_the_ordinary_goes_the_usual_way_whole(changed: dict[str, Any]) -> None:
    assert passed_on(**changed) == ([BODY], [])


def test_other_methods_go_the_usual_way() -> None:
    assert passed_on(PLAIN, method="GET") == ([b""], [])


def test_a_key_is_checked_here_too() -> None:
    assert json.loads(passed_on({**PLAIN, "idempotency-key": "k" * 128})[1][1]["body"]) == {"status": "recorded"}
    for key in ("", "k" * 129):
        with pytest.raises(ApiError) as caught:
            passed_on({**PLAIN, "idempotency-key": key})
        assert (caught.value.status, caught.value.reason) == (400, "key")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"processing_type":"sideways"}', b"\xff"])
def test_what_is_no_record_is_refused_as_on_the_usual_way(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        passed_on({**PLAIN, "content-length": str(len(body))}, body)
    assert caught.value.status in (400, 422)
    assert caught.value.records == 1
