"""Around every request: who may do what, security headers, request ids, and an answer in JSON whatever happens."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from itertools import count

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.errors import ApiError
from exporter.server.basic_auth import BasicAuth, credentials
from exporter.server.webconfig import WebConfig
from exporter.settings import ExporterSettings

_log = structlog.get_logger("exporter.http")
READING = frozenset({"GET", "HEAD", "OPTIONS"})
ALWAYS_OPEN = frozenset({"/health", "/ready"})
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_LEAN = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
_MAX_REQUEST_ID = 64


class Guard:
    """ASGI middleware. `on_refused` is told of every refusal that kept records out."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ExporterSettings,
        on_refused: Callable[[ApiError], None],
        web: WebConfig | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._settings = settings
        self._on_refused = on_refused
        web = web or WebConfig()
        self._basic = BasicAuth(web.users) if web.users else None
        self._needs_tls = web.tls is not None
        self._clock = clock
        self._prefix, self._numbers = secrets.token_hex(4), count(1)
        token = settings.token.reveal()
        self._bearer = f"Bearer {token}".encode() if token else None
        self._headers = [
            (name.lower().encode(), value.encode()) for name, value in {**SECURITY_HEADERS, **web.headers}.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(send, self._headers, self._request_id(scope), lean=scope["method"] == "POST")
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        started = self._clock()
        try:
            self._check(scope)
            if self._basic is not None and not self._has_token(scope):
                await self._basic.check(scope)
            await self._app(scope, receive, exchange.send)
        except ApiError as error:
            self._on_refused(error)
            await error.response()(scope, receive, exchange.send)
        except TimeoutError:
            slow = ApiError(408, "timeout", "the request took too long to arrive", headers={"Connection": "close"})
            self._on_refused(slow)
            await slow.response()(scope, receive, exchange.send)
        except Exception:  # noqa: BLE001 - see below
            # the edge of a request: it is logged with its traceback, and the sender gets an answer
            _log.exception("request failed", path=scope["path"], request_id=exchange.request_id)
            if not exchange.status:
                answer = ApiError(500, None, "internal error; see the log", request_id=exchange.request_id)
                await answer.response()(scope, receive, exchange.send)
        if self._settings.access_log:
            _access(scope, exchange, self._clock() - started)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and 0 < len(value) <= _MAX_REQUEST_ID and value.decode("latin-1").isalnum():
                return str(value.decode("latin-1"))
        return f"{self._prefix}-{next(self._numbers):x}"

    def _check(self, scope: Scope) -> None:
        """Raise ApiError 401 when the request needs the token and has not got it."""
        if self._needs_tls and scope["scheme"] != "https":
            # run by hand with uvicorn and without its --ssl options: better no answer than an open one
            raise ApiError(403, None, "web-config.yml asks for TLS, and this connection has none")
        writes = scope["method"] not in READING
        if writes and self._bearer is None and _is_cross_site(scope):
            raise ApiError(403, "unauthorized", "another site's page may not write here")
        needed = writes or (self._settings.guard_reads and scope["path"] not in ALWAYS_OPEN)
        if self._bearer is None or not needed or self._has_token(scope):
            return
        if not writes and self._basic is not None:
            return  # a scraper may come with a user and a password instead
        raise ApiError(
            401,
            "unauthorized" if writes else None,
            "this needs the exporter's token: Authorization: Bearer ...",
            headers={"WWW-Authenticate": 'Bearer realm="pipemeter"'},
        )

    def _has_token(self, scope: Scope) -> bool:
        if self._bearer is None:
            return False
        given = Headers(scope=scope).get("authorization", "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() == "basic" and (pair := credentials(given)):  # the token as password, for clients that know
            scheme, token = "Bearer", pair[1].decode("latin-1")  # basic authentication only, such as pushers
        return hmac.compare_digest(f"{scheme.title()} {token.strip()}".encode(), self._bearer)


def _is_cross_site(scope: Scope) -> bool:
    """Tell whether a browser says that the request comes from a page of another site (nobody else says so)."""
    return any(name == b"sec-fetch-site" and value == b"cross-site" for name, value in scope["headers"])


class _Exchange:
    """What is sent back, with the headers every answer carries."""

    __slots__ = ("_headers", "_lean", "_send", "request_id", "status")

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], request_id: str, *, lean: bool) -> None:
        self._send = send
        self._lean = lean
        self._headers = headers
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # an acknowledgement is read by programs only: what protects browsers' pages would double its cost
            more = _LEAN if self._lean and self.status == 200 else self._headers
            message["headers"] = [*message["headers"], *more, (b"x-request-id", self.request_id.encode())]
        await self._send(message)


def _access(scope: Scope, exchange: _Exchange, seconds: float) -> None:
    client = scope.get("client")
    _log.info(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=exchange.status,
        duration_seconds=round(seconds, 6),
        client=client[0] if client else None,
        request_id=exchange.request_id,
    )
