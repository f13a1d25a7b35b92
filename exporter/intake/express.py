"""The short way for the most frequent request: one record, plain JSON, in one piece.

It does what `RecordRequests.record` does, without routing and request objects, which cost more than all the rest.
Whatever is out of the ordinary takes the usual way.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.intake.acceptor import Acceptor
from exporter.intake.decoding import read_body
from exporter.intake.requests import DUPLICATE, RECORDED, checked_key

PATH = "/api/performance/record"
MAX_BYTES = 64 * 1024
_JSON = (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")
_UNUSUAL = frozenset({b"content-encoding", b"transfer-encoding", b"expect"})


def _start(body: bytes) -> Message:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {"type": "http.response.start", "status": 200, "headers": headers}


class Express:
    """ASGI middleware in front of the router."""

    def __init__(self, app: ASGIApp, acceptor: Acceptor, body_timeout_seconds: float) -> None:
        self._app = app
        self._acceptor = acceptor
        self._timeout = body_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a plain record here; pass everything else on."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST" or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        plain, key = _read_headers(scope["headers"])
        if not plain:
            await self._app(scope, receive, send)
            return
        async with asyncio.timeout(self._timeout):
            message = await receive()
        if message["type"] != "http.request" or message.get("more_body"):
            await self._app(scope, _resumed(message, receive), send)
            return
        outcome = await self._acceptor.submit(read_body(message["body"], "one", only_items=True), key)
        body = DUPLICATE if outcome.duplicate else RECORDED
        await send(_start(body))
        await send({"type": "http.response.body", "body": body})


def _read_headers(headers: list[tuple[bytes, bytes]]) -> tuple[bool, str | None]:
    """Tell whether a request can take the short way, and with which key. Raises ApiError 400 for a bad key."""
    kind, size, key = b"", b"", None
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif name == b"content-length":
            size = value
        elif name == b"idempotency-key":
            key = checked_key(value.decode("latin-1"))
        elif name in _UNUSUAL:
            return False, None
    return kind in _JSON and size.isdigit() and int(size) <= MAX_BYTES, key


def _resumed(first: Message, receive: Receive) -> Receive:
    """Return a `receive` that gives the first message again."""
    waiting: list[Message] = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
