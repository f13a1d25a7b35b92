"""A web server on a free port of this machine, for whatever protocol a test needs spoken."""

from __future__ import annotations

import json
import ssl
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], Any]  # status, headers, body: bytes as they are, all else as JSON


class LocalServer:
    """Serves from threads of its own until it is closed. Subclasses say what they answer, in `answer` or in `handle`."""

    protocol = "HTTP/1.0"

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def origin(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Answer:
        """Answer a request whose body, if it has one, is JSON."""
        raise NotImplementedError

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Read a request and write its answer."""
        body = json.loads(request.rfile.read(int(request.headers.get("Content-Length") or 0)) or b"null")
        status, headers, answer = self.answer(request, body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        write(request, status, {"Content-Length": str(len(data)), **headers}, data)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = server.protocol

            def _do(self) -> None:
                with suppress(BrokenPipeError, ConnectionResetError):  # the other side has heard enough
                    server.handle(self)

            do_GET = do_HEAD = do_POST = do_PUT = _do  # noqa: N815 - the names are the library's

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so is this
                pass

        return Handler


def write(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], data: bytes) -> None:
    """Write an answer."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of handshakes that fail: some tests want them to."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)
