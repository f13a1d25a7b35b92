from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from exporter.server.running import BackgroundServer
from tests.pipemeter.conftest import ALL_ON, REPOSITORY, Pipemeter, environment

KEYS = {
    "source", "processing_type", "content_type", "quality", "checkpoint", "reason", "confidence", "duration_seconds",
    "time_saved_seconds", "failed_stage", "error", "known", "item_id",
}  # fmt: skip


def _total(text: str, name: str, **labels: str) -> float:
    """Add up the series of a family that carry these labels."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    rows = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
    return sum(float(value) for found, value in rows if all(label in found for label in wanted))


def test_a_folder_is_processed_and_a_broken_file_does_not_stop_the_rest(pipemeter: Pipemeter, content: Path) -> None:
    done = pipemeter("run", content, "--json", **ALL_ON)
    assert done.code == 3
    outcomes = {Path(line["source"]).name: line for line in done.lines()}
    assert all(set(line) == KEYS for line in outcomes.values())
    good, short, broken = (outcomes[name] for name in ("election-count.vtt", "rail-works.wav", "empty.txt"))
    assert (good["processing_type"], good["content_type"], good["error"]) == ("full", "news", None)
    assert 0.65 <= good["quality"] <= 1
    assert (short["processing_type"], short["checkpoint"], short["reason"]) == (
        "early_exit",
        "post_download",
        "too_short",
    )
    assert short["confidence"] >= 0.85
    assert short["time_saved_seconds"] > 0
    assert (broken["failed_stage"], broken["processing_type"]) == ("download", None)
    assert "empty" in broken["error"]
    assert "3/3" in done.err


def test_every_item_that_finished_is_one_line_of_the_log_at_info(pipemeter: Pipemeter, content: Path) -> None:
    done = pipemeter("run", content, "--json", LOG_LEVEL="info", **ALL_ON)
    lines = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    said = {line["item_id"]: line for line in lines if line["event"] == "item finished"}
    finished = {line["item_id"]: line for line in done.lines() if line["error"] is None}
    assert said.keys() == finished.keys()
    assert len([line for line in lines if line["event"] == "item finished"]) == len(finished) == 2
    for item_id, outcome in finished.items():
        line = said[item_id]
        assert line["level"] == "info"
        assert [line[name] for name in ("processing_type", "content_type", "checkpoint", "reason")] == [
            outcome[name] for name in ("processing_type", "content_type", "checkpoint", "reason")
        ]
        assert line["processing_time"] == round(outcome["duration_seconds"], 3)
        assert line["quality_score"] == (None if outcome["quality"] is None else round(outcome["quality"], 3))
        assert 0 <= line["time_saved_pct"] < 1
    again = pipemeter("run", content, LOG_LEVEL="info", **ALL_ON)  # known: nothing is finished anew
    assert "item finished" not in again.err
    assert "item finished" not in pipemeter("run", content, "--again", **ALL_ON).err


def test_the_closing_table_says_what_was_saved(pipemeter: Pipemeter, content: Path) -> None:
    out = pipemeter("run", content, **ALL_ON).out
    assert re.search(r"early_exit +│ +1 │", out)
    assert re.search(r"post_download +│ too_short", out)
    assert "Bypass rate 50 %" in out
    assert "empty.txt" in out


def test_without_switches_everything_is_processed_in_full(pipemeter: Pipemeter, content: Path) -> None:
    (content / "empty.txt").unlink()
    done = pipemeter("run", content, "--json")
    assert done.code == 0
    assert {line["processing_type"] for line in done.lines()} == {"full"}


def test_the_same_content_is_not_counted_twice(pipemeter: Pipemeter, content: Path) -> None:
    first = pipemeter("run", content, "--json", **ALL_ON).lines()
    second = pipemeter("run", content, **ALL_ON)
    assert "0 new items, 0 failed, 3 known" in second.out
    third = pipemeter("run", content, "--json", **ALL_ON)
    assert third.code == 3  # what is broken stays broken
    assert [{**line, "known": False} for line in third.lines()] == first
    assert all(line["known"] for line in third.lines())
    again = pipemeter("run", content, "--json", "--again", **ALL_ON)
    assert not any(line["known"] for line in again.lines())


def test_another_configuration_is_another_question(pipemeter: Pipemeter, content: Path) -> None:
    pipemeter("run", content, **ALL_ON)
    lines = pipemeter("run", content, "--json").lines()
    assert [line["known"] for line in lines if not line["error"]] == [False, False]


def test_sources_may_come_on_standard_input(pipemeter: Pipemeter, content: Path) -> None:
    names = f"# a list\n{content / 'election-count.vtt'}\n\nnowhere.txt\n"
    done = pipemeter("run", "-", "--json", stdin=names)
    assert done.code == 3
    assert {line["failed_stage"] for line in done.lines()} == {None, "download"}
    assert "not_found" in done.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "no source given"),
        (("x", "--worker", "3"), "--workers"),
        (("x", "--workers", "0"), "1<=x<=64"),
        (("x", "--config", "nowhere"), "nowhere"),
        (("x", "--profile", "fast"), "aggressive"),
        (("x", "--serve", "--push", "http://localhost:1"), "exclude each other"),
    ],
)
def test_bad_usage_is_told_with_exit_code_2(pipemeter: Pipemeter, arguments: tuple[str, ...], expected: str) -> None:
    done = pipemeter("run", *arguments)
    assert done.code == 2
    assert expected in done.err


def test_a_bad_configuration_is_refused_before_anything_is_done(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "early_exit.yaml").write_text("checkpoints:\n  post_download:\n    min_confidence: 1.5\n")
    done = pipemeter("run", "nowhere.txt", ENABLE_EARLY_EXIT="perhaps")
    assert done.code == 2
    assert (
        "config/early_exit.yaml:3: checkpoints.post_download.min_confidence: 1.5: expected a number from 0 to 1"
        in done.err
    )
    assert "ENABLE_EARLY_EXIT: perhaps" in done.err
    assert not done.out


def test_a_taken_port_is_said_in_one_sentence(pipemeter: Pipemeter, exporter: BackgroundServer, content: Path) -> None:
    port = exporter.url.rsplit(":", 1)[1]
    done = pipemeter("run", content, "--serve", "--port", port)
    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.err


def test_what_happens_can_be_pushed_to_an_exporter(
    pipemeter: Pipemeter, exporter: BackgroundServer, content: Path
) -> None:
    pipemeter("run", content, "nowhere.txt", "--push", exporter.url, **ALL_ON, CONFIG_VERSION="blue")
    text = httpx.get(f"{exporter.url}/metrics").text
    assert _total(text, "pipeline_items_total", config_version="blue") == 2
    assert _total(text, "pipeline_failures_total", error_type="empty") == 1
    assert _total(text, "pipeline_failures_total", error_type="not_found") == 1
    assert _total(text, "pipeline_early_exits_total", reason="too_short") == 1
    assert _total(text, "pipeline_config_info", config_version="blue") == 1
    assert _total(text, "pipeline_items_in_progress") == 0  # liveness is never pushed


class Served:
    """`pipemeter run --serve` as a process."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-u", "-m", "pipemeter", "run", *arguments, "--serve", "--port", "0"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env=environment(**ALL_ON)
        )
        self.output = ""

    def url(self) -> str:
        """Wait for the address. Fails when the process ends before."""
        assert self._process.stdout
        for line in self._process.stdout:
            self.output += line
            if found := re.search(r"Serving (http\S+)", line):
                return found[1]
        raise AssertionError(self.output)

    def end(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        rest, _ = self._process.communicate(timeout=20)
        self.output += rest
        assert "Traceback" not in self.output, self.output
        return self._process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_run_answers_until_it_is_told_to_stop_and_goes_on_counting(content: Path, number: int) -> None:
    (content / "empty.txt").unlink()
    for _ in range(2):  # the second time nothing is new, and the counters stand where they were
        served = Served(content.parent, str(content))
        url = served.url()
        text = httpx.get(f"{url}/metrics").text
        assert _total(text, "pipeline_items_total") == 2
        assert _total(text, "pipeline_feature_enabled", feature="dashboard_metrics") == 1
        summary = httpx.get(f"{url}/api/performance/metrics/summary").json()
        assert (summary["total_processed"], summary["early_exits"], summary["bypass_rate"]) == (2, 1, 0.5)
        assert httpx.get(f"{url}/health").status_code == httpx.get(f"{url}/ready").status_code == 200
        assert "/metrics" in httpx.get(url).text
        assert served.end(number) == 0
    assert "0 new items" in served.output


def test_an_interrupted_run_finishes_what_is_under_way_and_says_so(tmp_path: Path) -> None:
    samples = REPOSITORY / "samples"
    command = [sys.executable, "-u", "-m", "pipemeter", "run", str(samples), "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment()
    )
    assert process.stdout
    first = process.stdout.readline()
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert len((first + out).splitlines()) < 20, time.monotonic() - started
