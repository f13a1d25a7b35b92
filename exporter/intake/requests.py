"""The requests that bring records: read, decode, hand in, answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response

from exporter.errors import ApiError, json_response
from exporter.intake.acceptor import Acceptor
from exporter.intake.bodies import JSON, LINES, Budget, body_of, has_body, media_type
from exporter.intake.decoding import Shape, Submission, read_body, read_query
from exporter.settings import ExporterSettings

MAX_KEY = 128
RECORDED = b'{"status":"recorded"}'
DUPLICATE = b'{"status":"duplicate"}'


class RecordRequests:
    """The handlers of `POST /api/performance/record`, `.../record/batch` and `/api/events`."""

    def __init__(self, acceptor: Acceptor, settings: ExporterSettings, budget: Budget) -> None:
        self._acceptor = acceptor
        self._settings = settings
        self._budget = budget

    async def record(self, request: Request) -> Response:
        """Take one finished item, as a JSON body or as query parameters."""
        if not request.url.query:
            shapes = _Shapes(JSON, {}, "one")
            async with self._submission(request, shapes, only_items=True) as submission:
                return await self._take(request, submission)
        if has_body(request):
            raise ApiError(422, "invalid", "send either a JSON body or query parameters, not both", expectation="one")
        return await self._take(request, read_query(request.query_params.multi_items()))

    async def batch(self, request: Request) -> Response:
        """Take many finished items: a JSON array, or one JSON object per line."""
        shapes = _Shapes(JSON, {b"[": "array"}, "array")
        async with self._submission(request, shapes, only_items=True) as submission:
            return await self._take(request, submission)

    async def events(self, request: Request) -> Response:
        """Take any event of the vocabulary: a JSON object, an array of them, or one per line."""
        shapes = _Shapes(JSON, {b"[": "array"}, "one")
        async with self._submission(request, shapes, only_items=False) as submission:
            return await self._take(request, submission)

    @asynccontextmanager
    async def _submission(self, request: Request, shapes: _Shapes, *, only_items: bool) -> AsyncIterator[Submission]:
        kind = media_type(request)
        shapes.check(kind)
        async with body_of(request, self._settings, self._budget) as body:
            yield read_body(body, shapes.of(kind, body), only_items=only_items)

    async def _take(self, request: Request, submission: Submission) -> Response:
        outcome = await self._acceptor.submit(submission, key_of(request))
        if not submission.many:
            body = DUPLICATE if outcome.duplicate else RECORDED
            return Response(body, media_type="application/json")
        status = "duplicate" if outcome.duplicate else "recorded"
        return json_response({"status": status, "count": outcome.count})


class _Shapes:
    """Which media types a route takes, and what they hold."""

    def __init__(self, json_types: frozenset[str], by_first: dict[bytes, Shape], default: Shape) -> None:
        self._json_types = json_types
        self._by_first = by_first
        self._default: Shape = default

    @property
    def _takes_lines(self) -> bool:
        return bool(self._by_first)

    def check(self, kind: str) -> None:
        """Raise ApiError 415 for a media type that the route does not take."""
        if kind and kind not in self._json_types and not (self._takes_lines and kind in LINES):
            known = "application/json" + (" or application/x-ndjson" if self._takes_lines else "")
            raise ApiError(415, "media_type", f"Content-Type {kind[:60]!r} is not taken here; send {known}")

    def of(self, kind: str, body: bytes) -> Shape:
        """Return what a body of this media type holds; without a type its first character tells."""
        if kind in LINES:
            return "lines"
        first = body.lstrip()[:1]
        if not kind and first == b"{" and self._default == "array":
            return "lines"
        return self._by_first.get(first, self._default)


def key_of(request: Request) -> str | None:
    """Return the Idempotency-Key, None without one. Raises ApiError 400 for one that is empty or too long."""
    key = request.headers.get("idempotency-key")
    return None if key is None else checked_key(key)


def checked_key(key: str) -> str:
    """Return an Idempotency-Key that is fit to be one. Raises ApiError 400."""
    if not 0 < len(key) <= MAX_KEY:
        raise ApiError(400, "key", f"an Idempotency-Key has 1 to {MAX_KEY} characters", length=len(key))
    return key
