"""A real Alertmanager on a free port, which can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitoring.compile.routing.config import alertmanager_config, templates, yaml_text
from monitoring.delivery.alertmanager import AlertmanagerClient
from monitoring.delivery.credentials import find_credentials, read_secret
from monitoring.delivery.samples import Sample
from monitoring.targets.links import Links
from monitoring.targets.notifications import Notifications

BINARIES = ("prometheus-alertmanager", "alertmanager")  # Debian's name, and everybody else's


def binary(*names: str) -> str | None:
    """Return the first of these programs that is installed."""
    return next((found for name in names if (found := shutil.which(name))), None)


NEEDS_ALERTMANAGER = pytest.mark.skipif(  # in CI a missing server is a failure, not a skip
    (binary(*BINARIES) is None or binary("amtool") is None) and "CI" not in os.environ,
    reason="Debian's package prometheus-alertmanager is not installed",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(condition: Callable[[], bool], seconds: float = 30.0, what: str = "it") -> None:
    """Wait for something that another process does, at most so long."""
    eventually_empty(lambda: [] if condition() else [f"{what} did not happen in time"], seconds, pause=0.05)


def eventually_empty(remaining: Callable[[], list[str]], seconds: float = 120.0, *, pause: float = 0.5) -> None:
    """Wait until nothing remains, at most so long; what does is named."""
    waiting, until = threading.Event(), time.monotonic() + seconds
    while found := remaining():
        assert time.monotonic() < until, found
        waiting.wait(pause)


def write_config(
    folder: Path,
    environ: Mapping[str, str],
    notifications: Notifications | None = None,
    *,
    group_wait: float = 0.2,
    group_interval: float = 1.0,
) -> Path:
    """Write what `pipemeter alertmanager render` writes, with the short times of a test."""
    notifications = notifications or Notifications()
    config = alertmanager_config(
        notifications,
        Links(),
        values=find_credentials(notifications, environ, read_secret).values,
        group_wait=group_wait,
        group_interval=group_interval,
    )
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    for name, text in templates(Links()).items():
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / "alertmanager.yml"
    path.write_text(yaml_text(config), encoding="utf-8")
    return path


class Alertmanager:
    """A process; `with Alertmanager(folder, config) as alertmanager`."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder, self._config, self._port = folder, config, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Alertmanager:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        name = binary(*BINARIES)
        assert name, "Alertmanager is not installed"
        command = [name, f"--config.file={self._config}", f"--storage.path={self._folder / 'data'}",
                   f"--web.listen-address=127.0.0.1:{self._port}", "--cluster.listen-address="]  # fmt: skip
        with (self._folder / "alertmanager.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._is_ready, what="the start of Alertmanager")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def log(self) -> str:
        return (self._folder / "alertmanager.log").read_text()

    def post(self, *alerts: Sample) -> None:
        with AlertmanagerClient(self.url) as client:
            client.post(alerts)

    def state(self, **labels: str) -> str:
        """The state of the one alert with these labels: active, suppressed, unprocessed, or nothing."""
        with AlertmanagerClient(self.url) as client:
            rows = client.alerts(**labels)
        assert len(rows) < 2
        return str(rows[0]["status"]["state"]) if rows else ""

    def silence(self, **labels: str) -> str:
        """Silence alerts for an hour; return the silence's id."""
        matchers = [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in labels.items()]
        begin, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s)) for s in (0, 3600))
        body: dict[str, Any] = {
            "matchers": matchers,
            "startsAt": begin,
            "endsAt": end,
            "createdBy": "a test",
            "comment": "x",
        }
        answer = httpx.post(f"{self.url}/api/v2/silences", json=body).raise_for_status().json()
        return str(answer["silenceID"])

    def expire(self, silence: str) -> None:
        httpx.delete(f"{self.url}/api/v2/silence/{silence}").raise_for_status()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            return httpx.get(f"{self.url}/-/ready").is_success
        except httpx.HTTPError:
            return False
