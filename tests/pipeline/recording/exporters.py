"""A real exporter that can be stopped and started again, and programs of somebody else's that record to it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.settings import Secret

ROOT = Path(__file__).parents[3]
_BEGINNING = """
import asyncio, multiprocessing, os, signal, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
from pipemeter import PushRecorder, record_pipeline_metrics
from pipeline.events import ItemFinished

URL = os.environ["DASHBOARD_API_URL"]

def record(recorder, count):
    for _ in range(count):
        recorder.record(ItemFinished("full", "news", processing_time=1.0, time_saved_pct=0.0))

def say(count):
    async def every():
        for _ in range(count):
            await record_pipeline_metrics("full", "news", processing_time=1.0, time_saved_pct=0.0)
    asyncio.run(every())

"""


class Exporter:
    """A real exporter on a port of its own that can be stopped and started again."""

    def __init__(self, folder: Path, port: int = 0, token: str | None = None) -> None:
        self.settings = ExporterSettings(journal=folder / "journal.sqlite", token=Secret(token))
        self.server = self._server(port)
        self.server.start()
        self.url = self.server.url

    def _server(self, port: int) -> BackgroundServer:
        return BackgroundServer(create_app(settings=self.settings, config=Config()), "127.0.0.1", port)

    def stop(self) -> None:
        self.server.stop()

    def restart(self) -> None:
        self.server = self._server(int(self.url.rsplit(":", 1)[1]))
        self.server.start()

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the series whose name begins so and that carry these labels."""
        lines = [line for line in httpx.get(f"{self.url}/metrics").text.splitlines() if line.startswith(name)]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(pair in line for pair in wanted))

    def environ(self, folder: Path, **more: str) -> dict[str, str]:
        """Return the environment of a program that records here and has its state in a folder."""
        ours = {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "ENABLE_DASHBOARD_METRICS": "1",
            "DASHBOARD_API_URL": self.url,
            "MONITORING_HOME": str(folder / "state"),
        }
        return {**os.environ, **ours, **more}


def written(text: str, folder: Path, *, bare: bool = False) -> Path:
    """Write a program down; `record(recorder, n)` and `say(n)` count n items in it, unless it is a bare one."""
    program = folder / "program.py"
    program.write_text(("" if bare else _BEGINNING) + textwrap.dedent(text))
    return program


def run(
    text: str, exporter: Exporter, folder: Path, *, bare: bool = False, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        [sys.executable, str(written(text, folder, bare=bare))],
        env=exporter.environ(folder, **environ),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
