"""Celery's prefork workers and gunicorn's, started as people start them."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.pipeline.recording.exporters import Exporter

TASKS = """
import asyncio, os
from celery import Celery
from pipemeter import record_pipeline_metrics

BROKER = os.environ["BROKER"]
app = Celery("tasks", broker="filesystem://", backend=f"file://{BROKER}/results")
folders = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
app.conf.broker_transport_options = {name: f"{BROKER}/{folder}" for name, folder in folders.items()}

@app.task
def job(number):
    async def twenty():
        for _ in range(20):
            await record_pipeline_metrics("full", "news", processing_time=1.0, time_saved_pct=0.0)
    asyncio.run(twenty())
"""
WEB = """
import os
from pipemeter import PushRecorder
from pipeline.events import ItemFinished

recorder = PushRecorder(os.environ["DASHBOARD_API_URL"])

def record(count):
    for _ in range(count):
        recorder.record(ItemFinished("full", "news", processing_time=1.0, time_saved_pct=0.0))

record(7)  # in the master, before it forks

def app(environ, start_response):
    record(3)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def eventually(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    """Wait for something another process does, at most so long."""
    waiting, until = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        waiting.wait(0.01)


@contextlib.contextmanager
def started(command: list[str], environ: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a server, and kill it should it still run in the end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-m", *command], env=environ, cwd=folder, text=True, **pipes)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("per_child", [7, 100], ids=["children-are-replaced", "children-live-on"])
def test_what_celery_tasks_record_counts(exporter: Exporter, tmp_path: Path, per_child: int) -> None:
    for name in ("queue", "control", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "tasks.py").write_text(TASKS)
    environ = exporter.environ(tmp_path, BROKER=str(tmp_path))
    order = "from tasks import job\nfor number in range(30): job.delay(number)"
    subprocess.run([sys.executable, "-c", order], env=environ, cwd=tmp_path, check=True)
    command = ["celery", "-A", "tasks", "worker", "-c", "3", "--max-tasks-per-child", str(per_child), "-l", "ERROR"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with started(command, environ, tmp_path) as worker:
        eventually(lambda: len(list((tmp_path / "results").iterdir())) == 30)
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=40)
    assert exporter.value("pipeline_items_total") == 600, err
    assert "Traceback" not in out + err
    assert "pipemeter" not in err.replace(str(Path(__file__).parents[3]), "")


@pytest.mark.parametrize("more", [["-w", "3"], ["-w", "2", "--max-requests", "10"], ["-w", "2", "--threads", "3"]])
def test_what_workers_of_gunicorn_record_counts(exporter: Exporter, tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "web.py").write_text(WEB)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    answered = 0

    def asked() -> bool:
        nonlocal answered
        with contextlib.suppress(httpx.HTTPError):
            answered += asking.get(f"http://{address}/", headers={"Connection": "close"}).is_success
        return answered == 50

    command = ["gunicorn", "--preload", "--no-control-socket", "-b", address, *more, "web:app"]
    with started(command, exporter.environ(tmp_path), tmp_path) as master, httpx.Client() as asking:
        eventually(asked)
        master.send_signal(signal.SIGTERM)
        out, err = master.communicate(timeout=40)
    assert exporter.value("pipeline_items_total") == 7 + 3 * 50, err
    assert "Traceback" not in out + err
