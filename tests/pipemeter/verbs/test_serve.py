"""`serve` as a process: what it says, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.pipemeter.conftest import Pipemeter, environment

RECORD = {"processing_type": "full", "content_type": "news"}


def test_records_are_kept_over_a_restart(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipemeter", "serve", "--port", "0", "--journal", "kept.sqlite"]
    for time, number in enumerate((signal.SIGTERM, signal.SIGINT), start=1):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.fullmatch(
                r"Serving (http://\S+) \(/metrics, .*\) until Ctrl-C; records are kept in kept\.sqlite\n", line
            )
            assert found, line
            httpx.post(f"{found[1]}/api/performance/record", json=RECORD).raise_for_status()
            assert httpx.get(f"{found[1]}/api/performance/metrics/summary").json()["total_processed"] == time
            process.send_signal(number)
            assert process.wait(30) == 0
            assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--journal", "x.sqlite", "--no-journal"), "exclude each other"),
        (("--port", "70000"), "0<=x<=65535"),
        (("--sync", "never"), "'never' is not one of"),
        (("--config", "nowhere"), "nowhere"),
    ],
)
def test_bad_usage_is_told(pipemeter: Pipemeter, arguments: tuple[str, ...], said: str) -> None:
    done = pipemeter("serve", *arguments)
    assert done.code == 2
    assert said in done.err
