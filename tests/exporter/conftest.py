"""Real exporters on free ports of this machine, in this process or in one of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.app import create_app
from exporter.exporter import Exporter
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config

ROOT = Path(__file__).parents[2]
_SERVE = (
    "import sys; from exporter.app import create_app; from exporter.server.running import serve; "
    "serve(create_app(), '127.0.0.1', int(sys.argv[1]), on_started=lambda url: print(url, flush=True))"
)


class Running:
    """An exporter that answers, and a client for it."""

    def __init__(self, server: BackgroundServer, lines: list[str]) -> None:
        self.server = server
        self.url = server.url
        self.lines = lines  # of the log channel
        verify = not self.url.startswith("https")
        self.client = httpx.Client(base_url=self.url, verify=verify, timeout=20)

    @property
    def exporter(self) -> Exporter:
        found: Exporter = self.server.app.state.exporter
        return found

    def text(self) -> str:
        return self.client.get("/metrics").text

    def value(self, start: str) -> float:
        """The sum of all series whose line begins like this."""
        return total(self.text(), start)

    def record(self, **fields: Any) -> httpx.Response:
        return self.client.post("/api/performance/record", json=fields)


def total(text: str, start: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(start))


Serve = Callable[..., Running]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start an exporter with some settings; `config=` for another pipeline configuration, `clock=` for another time."""
    started: list[Running] = []

    def start(config: Config | None = None, clock: Callable[[], float] = time.time, **settings: Any) -> Running:
        settings.setdefault("journal", tmp_path / "journal.sqlite")
        lines: list[str] = []
        app = create_app(
            settings=ExporterSettings(**settings), config=config or Config(), write_line=lines.append, clock=clock
        )
        running = Running(BackgroundServer(app, "127.0.0.1", 0).start(), lines)
        started.append(running)
        return running

    yield start
    for running in started:
        running.client.close()
        running.server.stop()


@pytest.fixture
def running(serve: Serve) -> Running:
    return serve()


class Process:
    """An exporter in a process of its own, which can be killed."""

    def __init__(self, folder: Path, *, port: int = 0, **environ: str) -> None:
        env = {**os.environ, "MONITORING_HOME": str(folder), "PYTHONPATH": str(ROOT), **environ}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=folder,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip()
        if not self.url:
            raise RuntimeError(self.end(None)[1])

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals | None = signal.SIGTERM) -> tuple[int, str]:
        """End the process; return its exit code and what it said."""
        if how is not None:
            self.process.send_signal(how)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said.decode()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """Processes put in here are ended after the test."""
    found: list[Process] = []
    yield found
    for process in found:
        if process.process.poll() is None:
            process.kill()


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for something that another thread or process does, at most so long."""
    pause, until = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        pause.wait(0.02)
