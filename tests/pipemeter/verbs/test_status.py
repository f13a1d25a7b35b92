"""`status` as a user has it, on a real Prometheus with two made-up weeks."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.backfill import running_prometheus
from tests.pipemeter.conftest import Pipemeter, cron, environment
from tests.weeks import END, NEEDED

pytestmark = NEEDED


AT = ("--at", str(int(END)))


NOBODY = "http://user:sesame@127.0.0.1:9"  # the port of discard, where nothing listens


@pytest.fixture
def prometheus(two_weeks: str) -> str:
    return two_weeks


def test_status_is_a_document_or_tables_without_colour_where_there_is_no_terminal(
    pipemeter: Pipemeter, prometheus: str
) -> None:
    asked = ("status", "--window", "7d", *AT)
    document = pipemeter(*asked, "--json", "--prometheus", prometheus).lines()[0]
    assert document["totals"]["items"] == pytest.approx(2184)
    states = {row["signal"]: row["state"] for row in document["readings"]}
    assert (states["bypass_rate"], states["time_savings"], states["item_duration_p95_seconds"]) == (
        "ok", "warning", "no data",
    )  # fmt: skip
    shown = pipemeter(*asked, PROMETHEUS_URL=prometheus)
    assert (shown.code, shown.err) == (0, "")
    assert "\x1b" not in shown.out
    for said in (
        "2,184 items",
        "61.5 %",
        "not enough data: 0 of 20 needed",
        "PipelineErrorBudgetBurn",
        "Mean quality is that of items processed in full.",
        "post_analysis",
    ):
        assert said in shown.out


def test_status_is_judged_by_the_targets_of_a_file(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "overall_metrics:\n  bypass_rate: {target: 0.9, warning_low: 0.8, critical_low: 0.7, warning_high: 1.0}\n"
        "overrides:\n  content_type:\n    news: {quality_score_avg: {warning_low: 0.9}}\n"
    )
    done = pipemeter("status", "--targets", "mine.yaml", "--json", "--prometheus", prometheus, *AT)
    document = done.lines()[0]
    assert document["readings"][0]["state"] == "critical"
    assert document["content_types"][0]["readings"]["quality_score_avg"]["state"] == "warning"
    (tmp_path / "mine.yaml").write_text("overall_metrics:\n  bypass_rate: {target: 61}\n")
    refused = pipemeter("status", "--targets", "mine.yaml", "--prometheus", prometheus)
    assert (refused.code, refused.out) == (2, "")
    assert "mine.yaml:2" in refused.err


def test_a_prometheus_that_cannot_be_reached_is_one_sentence(pipemeter: Pipemeter) -> None:
    done = pipemeter("status", "--prometheus", NOBODY)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "Prometheus did not answer: http://127.0.0.1:9: " in done.err
    assert "sesame" not in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "--window", "1x"), "expected a duration such as 5m"),
        (("status", "--watch", "5", "--at", "1"), "--watch is about now"),
        (("status", "--at", "tomorrow"), "expected Unix seconds, or a time such as"),
        (("status", "--prometheus", "localhost:9090"), "has to begin with http:// or https://"),
    ],
)
def test_bad_usage_is_refused(pipemeter: Pipemeter, arguments: tuple[str, ...], said: str) -> None:
    done = pipemeter(*arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())


class Watched:
    """A running `status --watch`, on a terminal or not."""

    def __init__(self, folder: Path, *arguments: str, terminal: bool = False) -> None:
        self._outside, inside = pty.openpty() if terminal else os.pipe()
        command = [sys.executable, "-m", "pipemeter", "status", "--watch", "1", *arguments]
        environ = environment(TERM="xterm-256color", LINES="60")
        self.process = subprocess.Popen(command, stdout=inside, stderr=subprocess.STDOUT, env=environ, cwd=folder)
        os.close(inside)
        self.text = ""

    def until(self, said: str, patience: float = 60.0) -> None:
        """Read until something was said."""
        end = time.monotonic() + patience
        while said not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self._outside], [], [], 1.0)[0]:
                self.text += os.read(self._outside, 65_536).decode(errors="replace")

    def ends(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(how)
        with contextlib.suppress(OSError):  # a terminal ends with an error, a pipe with nothing
            while piece := os.read(self._outside, 65_536):
                self.text += piece.decode(errors="replace")
        os.close(self._outside)
        return self.process.wait(30)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_watching_draws_in_place_until_it_is_told_to_end(tmp_path: Path, prometheus: str, how: signal.Signals) -> None:
    watched = Watched(tmp_path, "--prometheus", prometheus, terminal=True)
    watched.until("No alert fires")
    seen = len(watched.text)
    watched.text = ""
    watched.until("No alert fires")  # drawn again
    assert "\x1b[" in watched.text
    assert seen
    assert watched.ends(how) == 0
    assert "Traceback" not in watched.text


def test_watching_outlives_an_outage(tmp_path: Path) -> None:
    with running_prometheus(tmp_path / "server") as url:
        port = url.rpartition(":")[2]
        watched = Watched(tmp_path, "--json", "--prometheus", url)
        watched.until('"scrapes":0')
    watched.until("Prometheus does not answer")
    watched.text = ""
    command = ["prometheus", f"--config.file={tmp_path}/server/prometheus.yml", f"--storage.tsdb.path={tmp_path}/again",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    again = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        watched.until('"scrapes":0')
        assert watched.ends(signal.SIGTERM) == 0
    finally:
        again.terminate()
        again.wait(20)
    assert "Traceback" not in watched.text


def test_tables_do_without_the_letters_that_an_output_does_not_have(prometheus: str, tmp_path: Path) -> None:
    code, out, err = cron(tmp_path, prometheus, "status", "--window", "7d", *AT, PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert b"| Bypass rate" in out
    assert b"not enough data: 0 of 20" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_without_room_is_one_sentence(prometheus: str, tmp_path: Path) -> None:
    environ = environment(PROMETHEUS_URL=prometheus)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "pipemeter", "status", "--window", "2h", *AT], cwd=tmp_path,
                              env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "pipemeter: No space left on device\n")
