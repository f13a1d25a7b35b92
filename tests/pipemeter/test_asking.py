"""What all commands that ask Prometheus share: being stopped while it thinks, and times and durations."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipemeter.asking import Duration, Time
from tests.pipemeter.conftest import environment

VERBS = {
    "tune": ("--write", "new.yaml"),
    "compare": ("a", "b"),
    "backtest": ("--window", "1h"),
    "report": ("--output", "week.html"),
    "status": (),
    "snapshot": ("--output", "all.om.gz"),
}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
@pytest.mark.parametrize("verb", VERBS)
def test_a_command_that_waits_for_an_answer_ends_when_it_is_told_to(
    tmp_path: Path, verb: str, how: signal.Signals
) -> None:
    """The server takes the question and never answers; the command alone would wait for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "pipemeter", verb, *VERBS[verb], "--prometheus", url],
            cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4)  # it has asked
            process.send_signal(how)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + how, "")
    assert "pipemeter: interrupted" in err
    assert len(err.split("\n")) <= 3
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("1795219200.5", 1795219200.5),
        ("2026-11-21", 1795219200.0),
        ("2026-11-21T06:00Z", 1795240800.0),
        ("2026-11-21T06:00+02:00", 1795233600.0),
    ],
)
def test_a_time_is_unix_seconds_or_a_date_in_utc(text: str, seconds: float) -> None:
    assert Time().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["tomorrow", "nan", "inf", "-1", "1e12", "9999-12-31", "0001-01-01T00:00+14:00", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected Unix seconds, or a time such as"):
        Time().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("59s", "at least 1m"), ("0s", "at least 1m"), ("3d", "at most 2d"), ("1 day", "a duration such as"), ("", "a duration such as")],
)  # fmt: skip
def test_a_duration_out_of_its_limits_is_refused_with_the_limit(text: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=said):
        Duration(60, 172_800).convert(text, None, None)
    assert Duration(60, 172_800).convert("2d", None, None) == 172_800
