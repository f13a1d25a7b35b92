"""The command line as a user has it, in an empty folder."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from pipemeter import cli

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
    """Run a command to its end, in an empty folder; nothing but what it means to say may come out of it.

    It runs inside this process: starting Python, importing and loading weights anew for each question would be half of
    what all tests cost. What a process alone can show (`-m`, signals, a full disk, missing packages) has `process`.
    """

    def run(*arguments: str | Path, stdin: str = "", **environ: str) -> Finished:
        out, err = _stream(), _stream()
        logs = structlog.get_config()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            for name, value in environment(**environ).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["pipemeter", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                with pytest.raises(SystemExit) as left:
                    cli.main()
            finally:
                structlog.configure(**logs)
        assert isinstance(left.value.code, int)
        return Finished(left.value.code, _said(out), _said(err))

    return run


@pytest.fixture
def process(tmp_path: Path) -> Pipemeter:
    """Run a command as a process of its own; it must never show a traceback."""

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


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _said(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


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


def cron(folder: Path, prometheus: str, *arguments: str, out: str = "out", **more: str) -> tuple[int, bytes, str]:
    """Run a command as cron does: no terminal, no HOME, no TERM, no language; return code, output and errors."""
    environ = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "PYTHONPATH": str(REPOSITORY), "PROMETHEUS_URL": prometheus}
    with (folder / out).open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "pipemeter", *arguments], cwd=folder, env=environ | more, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.PIPE, text=True, start_new_session=True, check=False,
        )  # fmt: skip
    return done.returncode, (folder / out).read_bytes(), done.stderr
