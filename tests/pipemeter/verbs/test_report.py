"""`report` as a user has it, on a real Prometheus with two made-up weeks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipemeter.conftest import Pipemeter, cron, environment
from tests.weeks import END, NEEDED

pytestmark = NEEDED


AT = ("--at", str(int(END)))


NOBODY = "http://user:sesame@127.0.0.1:9"  # the port of discard, where nothing listens


@pytest.fixture
def prometheus(two_weeks: str) -> str:
    return two_weeks


def test_a_prometheus_that_cannot_be_reached_is_one_sentence(pipemeter: Pipemeter, tmp_path: Path) -> None:
    done = pipemeter("report", "--output", "week.html", "--prometheus", NOBODY)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "Prometheus did not answer: http://127.0.0.1:9: " in done.err
    assert "sesame" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_report_takes_its_format_from_the_name_of_its_file(
    pipemeter: Pipemeter, prometheus: str, tmp_path: Path
) -> None:
    for name in ("week.html", "deep/week.json"):
        done = pipemeter("report", *AT, "--prometheus", prometheus, "--output", name)
        assert (done.code, done.out, done.err) == (0, "", "")
    page, document = (tmp_path / "week.html").read_text(), json.loads((tmp_path / "deep/week.json").read_text())
    assert page.startswith("<!DOCTYPE html>")
    assert document["overview"]["totals"]["items"] == pytest.approx(2184)
    assert document["recommendations"]["caveats"]
    assert not list(tmp_path.rglob("*.partial"))
    printed = pipemeter("report", "--at", "2026-11-21", "--prometheus", prometheus).out
    assert printed.startswith("# Pipeline report, 2026-11-14 00:00 UTC to 2026-11-21 00:00 UTC\n")
    assert "## Recommendations" in printed


def test_a_report_is_the_same_from_cron(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    asked = ("report", "--window", "2d", *AT)
    expected = pipemeter(*asked, "--prometheus", prometheus).out
    for letters in ({}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        assert cron(tmp_path, prometheus, *asked, **letters) == (0, expected.encode(), "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_without_room_is_one_sentence(prometheus: str, tmp_path: Path) -> None:
    environ = environment(PROMETHEUS_URL=prometheus)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "pipemeter", "report", "--window", "2h", *AT], cwd=tmp_path,
                              env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "pipemeter: No space left on device\n")
