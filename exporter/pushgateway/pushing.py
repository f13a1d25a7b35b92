"""The requests that push: read, parse, check, keep, answer."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.errors import ApiError
from exporter.intake.bodies import Budget, body_of, media_type
from exporter.journal.entries import Entry
from exporter.journal.gate import Gate
from exporter.pushgateway.grouping import group_of
from exporter.pushgateway.groups import PushStore
from exporter.pushgateway.pushed import Push, families_of
from exporter.settings import ExporterSettings

_PREFIX = "/metrics/"
_TYPES = (
    "",
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf",
    "application/x-www-form-urlencoded",
)  # fmt: skip - the last is what curl says of --data-binary


class PushApi:
    """The handler of `PUT|POST|DELETE /metrics/job/...`."""

    def __init__(self, store: PushStore, gate: Gate, settings: ExporterSettings, budget: Budget) -> None:
        self._store = store
        self._gate = gate
        self._settings = settings
        self._budget = budget

    async def push(self, request: Request) -> Response:
        """Take a push; 200 once it is kept, 202 for a deletion."""
        group = group_of(raw_path(request).partition(_PREFIX)[2])
        action = cast("Literal['PUT', 'POST', 'DELETE']", request.method)
        if action == "DELETE":
            await self._keep(Push(action, group, ()))
            return Response(status_code=202)
        kind = media_type(request)
        if kind not in _TYPES:
            raise ApiError(
                415, "media_type", f"Content-Type {kind[:60]!r} is not taken here; send metrics as text/plain"
            )
        try:
            async with body_of(request, self._settings, self._budget) as body:
                push = Push(action, group, families_of(body, kind, group))
            await self._keep(push)
        except ApiError:
            self._store.failed(group)
            raise
        return Response(status_code=200)

    async def _keep(self, push: Push) -> None:
        def keep(at: float) -> Entry:
            self._store.check(push)
            return Entry(at, "push", msgspec.msgpack.encode(push))

        await self._gate.store(keep, lambda entry: self._store.apply(push, entry.at))


class PushRoute(Route):
    """A route whose `{rest:path}` may hold line breaks too (`%0A`): a value of the grouping key is any text."""

    def __init__(self, path: str, endpoint: Any, *, methods: list[str]) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


def raw_path(request: Request) -> str:
    """Return the path as it was sent, in which `%2F` is no separator."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")
