"""The command line as a user has it: a process of its own, in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings

REPOSITORY = Path(__file__).parents[2]
ALL_ON = {"ENABLE_QUALITY_FILTERING": "1", "ENABLE_CONTENT_ROUTING": "1", "ENABLE_EARLY_EXIT": "1"}


class Finished:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def lines(self) -> list[dict[str, Any]]:
        """Return standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Pipemeter = Callable[..., Finished]


@pytest.fixture
def pipemeter(tmp_path: Path) -> Pipemeter:
    """Run a command to its end; it must never show a traceback."""

    def run(*arguments: str | Path, stdin: str = "", **environ: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "pipemeter", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env=environment(**environ),
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command: the test's, with the repository importable."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120", **more}


@pytest.fixture
def exporter() -> Iterator[BackgroundServer]:
    """A served exporter without a journal."""
    with BackgroundServer(create_app(settings=ExporterSettings(), environ={}), port=0) as server:
        yield server


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A small folder: a good text, a clip that is too short, and a file with nothing in it."""
    folder = tmp_path / "content"
    folder.mkdir()
    samples = REPOSITORY / "samples"
    for name in ("news/election-count.vtt", "news/rail-works.wav", "broken/empty.txt"):
        (folder / Path(name).name).write_bytes((samples / name).read_bytes())
    return folder
