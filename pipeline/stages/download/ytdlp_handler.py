"""yt-dlp's network traffic, led through the guarded HTTP client: one request handler, and no other.

yt-dlp would by itself open sockets with urllib, requests, curl_cffi or websockets, whichever is installed, and follow
redirects to any address. This handler is the only one its director knows here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.client import HTTPMessage
from typing import Any, cast
from urllib.request import Request as UrllibRequest

import httpx
from yt_dlp import YoutubeDL
from yt_dlp.networking.common import RequestDirector, RequestHandler, Response
from yt_dlp.networking.exceptions import HTTPError, RequestError, TransportError

from pipeline.errors import StageError
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.http import body, faults_of

# Hop-by-hop headers, and those that httpx has to set itself.
_OWN_HEADERS = frozenset({"connection", "host", "accept-encoding", "content-length", "transfer-encoding", "cookie"})


class GuardedRH(RequestHandler):  # type: ignore[misc]  # yt-dlp has no type information
    """Sends yt-dlp's requests with our client, within the download's budget.

    The last StageError met is kept in `fault`: yt-dlp understands only its own exceptions, and forgets causes.
    """

    _SUPPORTED_URL_SCHEMES = ("http", "https")
    _SUPPORTED_PROXY_SCHEMES = ()
    RH_NAME = "guarded"

    def __init__(self, http: httpx.Client, budget: Budget, max_redirects: int, **options: Any) -> None:
        super().__init__(**options)
        self._http = http
        self._budget = budget
        self._max_redirects = max_redirects
        self.fault: StageError | None = None

    def _check_extensions(self, extensions: dict[str, Any]) -> None:
        super()._check_extensions(extensions)
        for name in ("cookiejar", "timeout", "legacy_ssl", "keep_header_casing"):
            extensions.pop(name, None)

    def _check_proxies(self, proxies: dict[str, Any]) -> None:
        """Ignore proxies from the environment: there are none for this traffic."""

    def _send(self, request: Any) -> Any:
        try:
            with faults_of(request.url, self._budget):
                answer = self._follow(request)
        except StageError as error:
            self.fault = error
            raise (TransportError if error.retryable else RequestError)(str(error)) from None
        response = GuardedResponse(answer, self._budget, self)
        if not 200 <= answer.status_code < 300:
            raise HTTPError(response)
        return response

    def _follow(self, request: Any) -> httpx.Response:
        """Send, and follow redirects here rather than in httpx, so that cookies of each hop reach yt-dlp's jar."""
        jar = self._get_cookiejar(request)
        headers = {name: value for name, value in self._get_headers(request).items() if _is_passed_on(name, value)}
        data = request.data if request.data is None or isinstance(request.data, bytes) else b"".join(request.data)
        outgoing = self._http.build_request(request.method, request.url, headers=headers, content=data)
        for _ in range(self._max_redirects + 1):
            cookie = jar.get_cookie_header(str(outgoing.url))
            if cookie:
                outgoing.headers["Cookie"] = cookie
            with self._budget.enforced():
                answer = self._http.send(outgoing, stream=True, follow_redirects=False)
            jar.extract_cookies(_CookieView(answer), UrllibRequest(str(answer.url)))  # noqa: S310 - only a record for the jar
            if answer.next_request is None:
                return answer
            answer.close()
            outgoing = answer.next_request
        raise httpx.TooManyRedirects("", request=outgoing)


class GuardedResponse(Response):  # type: ignore[misc]
    """An httpx answer in yt-dlp's shape; what is read from it is paid from the download's budget."""

    def __init__(self, answer: httpx.Response, budget: Budget, handler: GuardedRH) -> None:
        # yt-dlp compares lengths with what it reads, which here is unpacked already.
        packed = "Content-Encoding" in answer.headers
        skipped = {"content-encoding", "content-length"} if packed else set()
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in skipped}
        stream = _BodyStream(answer, body(answer, budget), budget, handler)
        super().__init__(stream, str(answer.url), headers, answer.status_code, answer.reason_phrase or None)

    def read(self, amt: int | None = None) -> bytes:
        """Read `amt` decoded bytes, or all of them."""
        return cast(_BodyStream, self.fp).take(amt)


class _BodyStream(io.RawIOBase):
    """A body as a file that is read once."""

    def __init__(self, answer: httpx.Response, pieces: Iterator[bytes], budget: Budget, handler: GuardedRH) -> None:
        super().__init__()
        self._answer = answer
        self._pieces = pieces
        self._budget = budget
        self._handler = handler
        self._rest = bytearray()

    def readable(self) -> bool:
        return True

    def take(self, amount: int | None) -> bytes:
        """Return up to `amount` bytes, fewer only at the end."""
        wanted = float("inf") if amount is None or amount < 0 else amount
        while len(self._rest) < wanted:
            piece = self._next()
            if piece is None:
                break
            self._rest += piece
        count = len(self._rest) if wanted == float("inf") else int(wanted)
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken

    def close(self) -> None:
        self._answer.close()
        super().close()

    def _next(self) -> bytes | None:
        try:
            with faults_of(str(self._answer.url), self._budget):
                return next(self._pieces, None)
        except StageError as error:
            self._handler.fault = error
            raise (TransportError if error.retryable else RequestError)(str(error)) from None


def _is_passed_on(name: str, value: str) -> bool:
    return name.lower() not in _OWN_HEADERS or (name.lower() == "accept-encoding" and value == "identity")


class _CookieView:
    """What `http.cookiejar` wants to see of an answer."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    def info(self) -> HTTPMessage:
        message = HTTPMessage()
        for name, value in self._answer.headers.multi_items():
            message.add_header(name, value)
        return message


class GuardedYoutubeDL(YoutubeDL):  # type: ignore[misc]
    """A YoutubeDL whose every request goes through one GuardedRH."""

    def __init__(self, options: dict[str, Any], http: httpx.Client, budget: Budget, max_redirects: int) -> None:
        self._guard = (http, budget, max_redirects)
        super().__init__(options, auto_init=True)

    @property
    def guarded_handler(self) -> GuardedRH:
        """The one request handler."""
        return cast(GuardedRH, self._request_director.handlers[GuardedRH.RH_KEY])

    def build_request_director(self, handlers: Any, preferences: Any = None) -> RequestDirector:  # noqa: ARG002
        """Build a director that knows only the guarded handler, whatever handlers are offered."""
        http, budget, max_redirects = self._guard

        def guarded(**options: Any) -> GuardedRH:
            return GuardedRH(http, budget, max_redirects, **{**options, "proxies": {}})

        return super().build_request_director([guarded])
