"""Starting the servers that benchmarks compare: our exporter, Pushgateway; each a real process on 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
_SERVE = (
    "import sys; from exporter.app import create_app; from exporter.server.running import serve; "
    "serve(create_app(), '127.0.0.1', int(sys.argv[1]))"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A process that listens on a port."""

    def __init__(self, command: list[str], url: str, path: str, environ: dict[str, str]) -> None:
        self._command, self.url, self._path, self._environ = command, url, path, environ
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float = 30.0) -> Server:
        """Start it and wait until it answers."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, env=self._environ, cwd=ROOT, stdout=quiet, stderr=quiet)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.url + self._path).status_code < 500:
                    return self
            time.sleep(0.05)
        raise RuntimeError(f"{self._command[0]} did not start")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it without warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def resident_bytes(self) -> int:
        """Return how much memory it has."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def exporter(folder: Path, **settings: str) -> Server:
    port = free_port()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("EXPORTER_")}
    environ |= {"MONITORING_HOME": str(folder), "PYTHONPATH": str(ROOT), **settings}
    return Server([sys.executable, "-c", _SERVE, str(port)], f"http://127.0.0.1:{port}", "/ready", environ)


def pushgateway(folder: Path) -> Server | None:
    """Make a Pushgateway that persists (every five minutes and at the end), None if not installed."""
    binary = shutil.which("prometheus-pushgateway") or shutil.which("pushgateway")
    if binary is None:
        return None
    port = free_port()
    command = [binary, f"--web.listen-address=127.0.0.1:{port}", f"--persistence.file={folder / 'pushgateway'}"]
    return Server(command, f"http://127.0.0.1:{port}", "/-/ready", dict(os.environ))


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        yield server.start()
    finally:
        server.stop()
