"""Running the application: in the foreground until a signal comes, or in a thread beside a pipeline."""

from __future__ import annotations

import gc
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette

from exporter.server.protocol import GuardedProtocol
from pipeline.errors import PipemeterError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DRAIN_SECONDS = 8  # for requests under way at a shutdown; the journal's last snapshot has the rest of the ten seconds
MAX_CONNECTIONS = 2000
BACKLOG = 2048


class ServerError(PipemeterError):
    """The server cannot listen, or could not start."""


def listen(host: str, port: int) -> socket.socket:
    """Bind a listening socket; port 0 takes a free one. Raises ServerError saying why it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}. Stop what runs there or choose another port with --port"
        ) from error
    bound.setblocking(False)
    return bound


def url_of(bound: socket.socket, *, tls: bool = False) -> str:
    """Return the address at which a listening socket can be reached from this machine."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def serve(
    app: Starlette,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    tls: ssl.SSLContext | None = None,
    on_started: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way (within ten seconds) and return.

    `tls`: by default what the application's web-config.yml says.
    `on_started` is told the address once requests are answered. Raises ServerError when the port cannot be had.
    """
    tls = tls or getattr(app.state, "tls", None)
    try:
        bound = listen(host, port)
    except ServerError:
        _close(app)
        raise
    server = _Server(_config(app, tls), lambda: on_started(url_of(bound, tls=tls is not None)) if on_started else None)
    # what was made so far stays for good: without this, a full garbage collection stops everything for 0.1 s and more
    gc.collect()
    gc.freeze()
    # uvicorn raises the signal once more after its shutdown; that second time it has to mean nothing
    previous = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[bound])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        bound.close()
        _close(app)


class BackgroundServer:
    """Serves from a thread of its own, beside whatever the process does. Also a context manager."""

    def __init__(
        self,
        app: Starlette,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.app = app
        self._host, self._port, self._tls = host, port, tls or getattr(app.state, "tls", None)
        self._started = threading.Event()
        self._server = _Server(_config(app, self._tls), self._started.set)
        self._thread: threading.Thread | None = None
        self._bound: socket.socket | None = None
        self._error: BaseException | None = None

    @property
    def url(self) -> str:
        """The address. Raises ServerError before `start`."""
        if self._bound is None:
            raise ServerError("the server has not been started")
        return url_of(self._bound, tls=self._tls is not None)

    def start(self) -> BackgroundServer:
        """Listen and answer; returns when requests are answered. Raises ServerError when that is not possible."""
        self._bound = listen(self._host, self._port)
        self._thread = threading.Thread(target=self._run, name="pipemeter-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise ServerError(f"the server could not start: {self._error}") from self._error
        return self

    def stop(self) -> None:
        """Finish what is under way, write the journal's snapshot, and stop."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None
        if self._bound is not None:
            self._bound.close()
        _close(self.app)

    def __enter__(self) -> BackgroundServer:
        try:
            return self.start()
        except BaseException:
            self.stop()  # nobody else will: without it the journal stays locked as long as this process lives
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        assert self._bound is not None
        try:
            self._server.run(sockets=[self._bound])
        except BaseException as error:  # noqa: BLE001 - a thread's edge: whatever it is, `start` reports it
            self._error = error
        finally:
            self._started.set()


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it has started."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()


def _config(app: Starlette, tls: ssl.SSLContext | None) -> uvicorn.Config:
    more: dict[str, Any] = {"ssl_context_factory": lambda _config, _default: tls} if tls is not None else {}
    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
        backlog=BACKLOG,
        **more,
    )


def _close(app: Starlette) -> None:
    exporter = getattr(app.state, "exporter", None)
    if exporter is not None:
        exporter.close()


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing."""
