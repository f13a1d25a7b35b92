"""`status`, `report` and `snapshot` as a user has them, on a real Prometheus with two made-up weeks."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from bench.backfill import running_prometheus
from tests.pipemeter.conftest import REPOSITORY, Pipemeter, environment
from tests.weeks import DAY, END, HOSTILE, NEEDED, served

pytestmark = NEEDED
AT = ("--at", str(int(END)))
NOBODY = "http://user:sesame@127.0.0.1:9"  # the port of discard, where nothing listens


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("weeks")) as url:
        yield url


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


@pytest.mark.parametrize("verb", [("status",), ("report",), ("snapshot", "--output", "out.om")])
def test_a_prometheus_that_cannot_be_reached_is_one_sentence(
    pipemeter: Pipemeter, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    done = pipemeter(*verb, "--prometheus", NOBODY)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "Prometheus did not answer: http://127.0.0.1:9: " in done.err
    assert "sesame" not in done.err
    assert not list(tmp_path.glob("*out.om*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "--window", "1x"), "expected a duration such as 5m"),
        (("status", "--watch", "5", "--at", "1"), "--watch is about now"),
        (("status", "--at", "tomorrow"), "expected Unix seconds, or a time such as"),
        (("report", "--prometheus", "localhost:9090"), "has to begin with http:// or https://"),
        (("snapshot",), "--output FILE or --output-dir DIR"),
        (("snapshot", "--output", "a.txt"), "expected a name that ends in .om, .om.gz, .json, .json.gz"),
        (("snapshot", "--output-dir", "a", "--window", "30m"), "at least 1h"),
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


def cron(folder: Path, prometheus: str, *arguments: str, out: str = "out", **more: str) -> tuple[int, bytes, str]:
    """Run a command as cron does: no terminal, no HOME, no TERM, no language; return code, output and errors."""
    environ = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "PYTHONPATH": str(REPOSITORY), "PROMETHEUS_URL": prometheus}
    with (folder / out).open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "pipemeter", *arguments], cwd=folder, env=environ | more, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.PIPE, text=True, start_new_session=True, check=False,
        )  # fmt: skip
    return done.returncode, (folder / out).read_bytes(), done.stderr


def test_a_report_and_a_snapshot_are_the_same_from_cron(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    asked = ("report", "--window", "2d", *AT)
    expected = pipemeter(*asked, "--prometheus", prometheus).out
    for letters in ({}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        assert cron(tmp_path, prometheus, *asked, **letters) == (0, expected.encode(), "")
    archive = ("snapshot", "--window", "2h", *AT, "--output-dir", "archive")
    assert "samples of" in cron(tmp_path, prometheus, *archive)[1].decode()
    assert "is there already" in cron(tmp_path, prometheus, *archive)[1].decode()
    assert [file.name for file in (tmp_path / "archive").iterdir()] == ["pipemeter-2026-11-21T00.om.gz"]


def test_tables_do_without_the_letters_that_an_output_does_not_have(prometheus: str, tmp_path: Path) -> None:
    code, out, err = cron(tmp_path, prometheus, "status", "--window", "7d", *AT, PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert b"| Bypass rate" in out
    assert b"not enough data: 0 of 20" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("verb", ["report", "status"])
def test_an_output_without_room_is_one_sentence(prometheus: str, tmp_path: Path, verb: str) -> None:
    environ = environment(PROMETHEUS_URL=prometheus)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "pipemeter", verb, "--window", "2h", *AT], cwd=tmp_path,
                              env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "pipemeter: No space left on device\n")


@pytest.fixture(scope="module")
def archived(prometheus: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of five days, as OpenMetrics."""
    folder = tmp_path_factory.mktemp("archive")
    command = [sys.executable, "-m", "pipemeter", "snapshot", "--window", "5d", *AT, "--output", "days.om.gz"]
    done = subprocess.run([*command, "--prometheus", prometheus, "--json"], cwd=folder, env=environment(),
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    written = json.loads(done.stdout)
    assert (written["series"], written["end"] - written["start"]) == (57, 5 * 86_400)
    assert written["bytes"] == (folder / "days.om.gz").stat().st_size
    return folder / "days.om.gz"


def _asked(pipemeter: Pipemeter, url: str) -> dict[str, Any]:
    window = ("--window", "2d", "--json", *AT)
    document: dict[str, Any] = json.loads(pipemeter("report", *window, "--prometheus", url).out)
    for one in document["firings"]["firings"]:
        one["end"] = None  # an archive has no marks of staleness: a firing is seen five minutes longer
    for one in document["overview"]["budgets"]:
        del one["bad"], one["left"], one["items"]  # they look back further than the archive does
    return document


def test_an_archive_made_into_blocks_again_gives_the_same_report(
    pipemeter: Pipemeter, prometheus: str, archived: Path, tmp_path: Path
) -> None:
    text = tmp_path / "days.om"
    text.write_bytes(gzip.decompress(archived.read_bytes()))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", "--max-block-duration=1458h"]
    subprocess.run([*command, str(text), str(tmp_path / "restored/data")], check=True, capture_output=True)
    with running_prometheus(tmp_path / "restored") as url:
        assert _asked(pipemeter, url) == _asked(pipemeter, prometheus)


def test_a_strict_reader_takes_the_text_with_types_and_help(
    pipemeter: Pipemeter, prometheus: str, tmp_path: Path
) -> None:
    # one scrape: of several, prometheus_client 0.26 takes a histogram's later ones for duplicates and drops them
    asked = ("--window", "6h", "--step", "6h", "--at", str(int(END) - 1))
    assert pipemeter("snapshot", *asked, "--prometheus", prometheus, "--output", "once.om").code == 0
    text = (tmp_path / "once.om").read_text()
    families = {f.name: f for f in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    items, quality = families["pipeline_items"], families["pipeline_quality_score"]
    assert (items.type, quality.type, families["up"].type) == ("counter", "histogram", "gauge")
    assert items.documentation == "Items that left the pipeline, by the way they took."
    assert {sample.labels["content_type"] for sample in items.samples} == {"news", HOSTILE}
    assert [sample.labels.get("le") for sample in quality.samples[:5]] == ["0.5", "0.7", "+Inf", None, None]
    assert {float(sample.timestamp) for sample in items.samples} == {END - 6 * 3600}


def test_json_holds_every_sample_as_it_was_scraped(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    asked = ("snapshot", "--window", "6h", *AT, "--prometheus", prometheus, "--output", "hours.json.gz")
    assert pipemeter(*asked).code == 0
    document = json.loads(gzip.decompress((tmp_path / "hours.json.gz").read_bytes()))
    assert (document["format"], document["start"], document["end"]) == ("pipemeter-snapshot", END - 6 * 3600, END)
    found = {json.dumps(s["metric"], sort_keys=True): s["values"] for f in document["families"] for s in f["series"]}
    raw = {"query": '{__name__=~"pipeline_.+|exporter_.+|up|ALERTS"}[6h]', "time": str(END)}
    answer = httpx.get(f"{prometheus}/api/v1/query", params=raw).json()["data"]["result"]
    scraped = {
        json.dumps(s["metric"], sort_keys=True): [v for v in s["values"] if v[0] > END - 6 * 3600] for s in answer
    }
    assert found == {key: values for key, values in scraped.items() if values}


def test_one_value_in_a_step_is_the_last_scraped(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    window = ("--window", "24h", "--step", "1h")
    done = pipemeter("snapshot", *window, *AT, "--prometheus", prometheus, "--output", "hours.json")
    assert done.code == 0
    document = json.loads((tmp_path / "hours.json").read_text())
    up = next(family for family in document["families"] if family["name"] == "up")["series"][0]
    assert [at for at, _ in up["values"]] == [END - DAY + hour * 3600 for hour in range(1, 25)]


def test_a_folder_gets_one_file_for_the_hour_and_keeps_it(
    pipemeter: Pipemeter, prometheus: str, tmp_path: Path
) -> None:
    late = ("--at", "2026-11-21T00:48")
    asked = ("snapshot", "--output-dir", "archive", *late, "--prometheus", prometheus, "--json")
    first = pipemeter(*asked).lines()[0]
    assert (first["end"], first["existed"]) == (END, False)
    file = tmp_path / "archive/pipemeter-2026-11-21T00.om.gz"
    before = file.read_bytes()
    again = pipemeter(*asked)
    assert (again.code, again.lines()[0]["existed"], file.read_bytes() == before) == (0, True, True)
    assert os.listdir(tmp_path / "archive") == [file.name]
    file.unlink()
    pipemeter(*asked)
    assert file.read_bytes() == before  # the same data make the same bytes


def test_nothing_to_archive_leaves_no_file(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    done = pipemeter("snapshot", "--at", "2020-01-01", "--prometheus", prometheus, "--output", "none.om")
    assert done.code == 1
    assert "not enough data: Prometheus holds no sample of ours in the 1d asked for" in done.err
    assert os.listdir(tmp_path) == []


def test_a_snapshot_that_is_stopped_leaves_nothing(prometheus: str, tmp_path: Path) -> None:
    pipe = [sys.executable, "-m", "pipemeter", "snapshot", "--window", "14d", *AT, "--output", "half.om"]
    process = subprocess.Popen(
        [*pipe, "--prometheus", prometheus], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while not list(tmp_path.glob(".half.om.*.partial")):
        assert time.monotonic() < end
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert re.fullmatch(r"\s*pipemeter: interrupted; nothing was written\s*", err.decode().replace("pipemeter: \n", ""))
    assert os.listdir(tmp_path) == []
