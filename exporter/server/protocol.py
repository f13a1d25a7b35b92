"""uvicorn's HTTP protocol with the limits it lacks: on headers (size, time), on idle beginnings, on slow readers."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES = 32 * 1024  # request line and headers
HEADER_SECONDS = 10.0  # from the first byte of a request to the end of its headers; also until that first byte
READER_SECONDS = 30.0  # how long a client may leave an answer unread before it is cut off
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """Timers exist only while a client is slow; a request that arrives in one piece costs nothing more."""

    header_bytes = HEADER_BYTES
    header_seconds = HEADER_SECONDS
    reader_seconds = READER_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_headers = False
        self._received = 0
        self._header_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first byte."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.header_seconds, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._stop_header_timer()
        self._stop_reader_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Note that headers begin."""
        self._in_headers, self._received = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that headers are complete."""
        self._in_headers = False
        self._stop_header_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless the headers have grown too large."""
        if self._in_headers or len(data) > self.header_bytes:
            self._received += len(data)
            end = data.find(b"\r\n\r\n") if len(data) > self.header_bytes else -1
            too_large = self._received > self.header_bytes if self._in_headers else end > self.header_bytes
            if too_large:
                self._refuse(_TOO_LARGE)
                return
        super().data_received(data)
        if self._in_headers and self._header_timer is None and not self.transport.is_closing():
            self._received = max(self._received, len(data))
            self._header_timer = self.loop.call_later(self.header_seconds, self._refuse, _TIMEOUT)

    def pause_writing(self) -> None:
        """Give a client that does not read some time, then cut it off."""
        super().pause_writing()
        if self._reader_timer is None:
            self._reader_timer = self.loop.call_later(self.reader_seconds, self._abort)

    def resume_writing(self) -> None:
        """Let a client that reads again go on."""
        self._stop_reader_timer()
        super().resume_writing()

    def _refuse(self, answer: bytes) -> None:
        self._stop_header_timer()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _abort(self) -> None:
        self._reader_timer = None
        self.transport.abort()

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _stop_reader_timer(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None
