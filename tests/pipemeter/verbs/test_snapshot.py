"""`snapshot` as a user has it, on a real Prometheus with two made-up weeks."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from bench.backfill import running_prometheus
from tests.pipemeter.conftest import Pipemeter, cron, environment
from tests.weeks import DAY, END, HOSTILE, NEEDED

pytestmark = NEEDED


AT = ("--at", str(int(END)))


NOBODY = "http://user:sesame@127.0.0.1:9"  # the port of discard, where nothing listens


@pytest.fixture
def prometheus(two_weeks: str) -> str:
    return two_weeks


def test_a_prometheus_that_cannot_be_reached_is_one_sentence(pipemeter: Pipemeter, tmp_path: Path) -> None:
    done = pipemeter("snapshot", "--output", "out.om", "--prometheus", NOBODY)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "Prometheus did not answer: http://127.0.0.1:9: " in done.err
    assert "sesame" not in done.err
    assert not list(tmp_path.glob("*out.om*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("snapshot",), "--output FILE or --output-dir DIR"),
        (("snapshot", "--output", "a.txt"), "expected a name that ends in .om, .om.gz, .json, .json.gz"),
        (("snapshot", "--output-dir", "a", "--window", "30m"), "at least 1h"),
    ],
)
def test_bad_usage_is_refused(pipemeter: Pipemeter, arguments: tuple[str, ...], said: str) -> None:
    done = pipemeter(*arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_an_archive_is_made_from_cron_once_an_hour(prometheus: str, tmp_path: Path) -> None:
    archive = ("snapshot", "--window", "2h", *AT, "--output-dir", "archive")
    assert "samples of" in cron(tmp_path, prometheus, *archive)[1].decode()
    assert "is there already" in cron(tmp_path, prometheus, *archive)[1].decode()
    assert [file.name for file in (tmp_path / "archive").iterdir()] == ["pipemeter-2026-11-21T00.om.gz"]


@pytest.fixture(scope="module")
def archived(two_weeks: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of five days, as OpenMetrics."""
    folder = tmp_path_factory.mktemp("archive")
    command = [sys.executable, "-m", "pipemeter", "snapshot", "--window", "5d", *AT, "--output", "days.om.gz"]
    done = subprocess.run([*command, "--prometheus", two_weeks, "--json"], cwd=folder, env=environment(),
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
