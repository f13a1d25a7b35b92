"""Domains of other packages: recorded, sent, journaled, lost and found again, and refused with the reason."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import toys
from tests.toys import install

ROOT = Path(__file__).parents[1]
RED = 'toy_sold_total{colour="red",toy_shop="corner"}'
EVENTS: list[dict[str, Any]] = [
    {"type": "toy_sold", "colour": "red", "shop": "corner", "waited_seconds": 2.5},
    {"type": "item_finished", "processing_type": "full", "content_type": "news", "processing_time": 1.0},
    {"type": "toy_sold", "colour": "mauve"},
]
SELL = """
from pipeline import PushRecorder
from toys.says import ToySold
with PushRecorder({url!r}) as recorder:
    recorder.record(ToySold("red", "corner", 40.0))
    recorder.record(ToySold("red", "corner", -1.0))
print(recorder.delivered, dict(recorder.dropped))
"""
COUNT_OURS = """
from prometheus_client import CollectorRegistry
from pipeline import InProcessRecorder
from pipeline.events import ItemFinished
registries = [CollectorRegistry(), CollectorRegistry()]
for registry in registries:
    with InProcessRecorder(registry) as recorder:
        recorder.record(ItemFinished("full", "news"))
    print(registry.get_sample_value("exporter_records_total"))
"""


def run(folder: Path, *arguments: str, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with what is installed in `site`."""
    path = os.pathsep.join(map(str, (site, ROOT) if site else (ROOT,)))
    environ = {**os.environ, "PYTHONPATH": path, "MONITORING_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


class Exporter:
    """`pipemeter serve` as a process, with its journal in a folder."""

    def __init__(self, folder: Path, *path: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "MONITORING_HOME": str(folder)}
        command = [sys.executable, "-m", "pipemeter", "serve", "--port", "0"]
        self.process = subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"Serving (http\S+) ", line):
                self.url = found[1]
                return
        raise RuntimeError(self.said)

    def end(self, how: signal.Signals) -> None:
        """End the process, one way or another."""
        self.process.send_signal(how)
        self.said += self.process.communicate(timeout=30)[1]


Start = Callable[..., Exporter]


def text(process: Exporter) -> str:
    return httpx.get(f"{process.url}/metrics").text


def values(process: Exporter) -> dict[str, float]:
    """Return what the toy shop's series and ours stand at."""
    lines = (
        line.rsplit(" ", 1) for line in text(process).splitlines() if line.startswith(("toy_", "pipeline_items_t"))
    )
    return {series: float(value) for series, value in lines}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"))


@pytest.fixture
def start(tmp_path: Path, site: Path) -> Iterator[Start]:
    """Start an exporter, always on the same journal; `toys=False`: without the shop's package."""
    processes: list[Exporter] = []

    def started(*, toys: bool = True) -> Exporter:
        processes.append(Exporter(tmp_path, *(site, ROOT) if toys else (ROOT,)))
        return processes[-1]

    yield started
    for process in processes:
        if process.process.poll() is None:
            process.end(signal.SIGKILL)


def test_a_recorder_of_the_same_process_counts_what_the_page_says(tmp_path: Path, site: Path) -> None:
    done = run(tmp_path, "-c", toys.SELL, site=site)
    assert (done.stdout, done.stderr) == ("1.0\n", "")


def test_an_exporter_takes_the_events_keeps_them_over_a_kill_and_over_a_snapshot(
    tmp_path: Path, site: Path, start: Start
) -> None:
    first = start()
    assert values(first)['toy_sold_total{colour="red",toy_shop="unspecified"}'] == 0
    assert httpx.post(f"{first.url}/api/events", json=EVENTS).json() == {"status": "recorded", "count": 3}
    sold = run(tmp_path, "-c", SELL.format(url=first.url), site=site)
    assert sold.stdout.endswith("1 {'invalid': 1}\n"), sold.stderr
    counted = values(first)
    assert counted[RED] == 2
    assert counted['toy_sold_total{colour="other",toy_shop="unspecified"}'] == 1
    assert [counted[f"toy_wait_seconds_{what}"] for what in ("count", "sum")] == [3, 42.5]
    assert counted['toy_wait_seconds_bucket{le="5.0"}'] == 2
    first.end(signal.SIGKILL)
    second = start()
    assert values(second) == counted
    second.end(signal.SIGTERM)
    third = start()
    assert values(third) == counted
    assert 'exporter_label_overflow_total{label="colour"} 1' in text(third)


def test_an_exporter_describes_the_events_and_says_what_is_wrong_with_one(start: Start) -> None:
    url = start().url
    schemas = httpx.get(f"{url}/openapi.json").json()["components"]["schemas"]
    assert {"$ref": "#/components/schemas/ToySold"} in schemas["Event"]["oneOf"]
    assert schemas["ToySold"]["required"] == ["type", "colour"]
    refused = httpx.post(f"{url}/api/events", json=[EVENTS[0], {**EVENTS[0], "waited_seconds": -1}])
    error = refused.json()["error"]
    assert (refused.status_code, error["index"], error["field"]) == (422, 1, "waited_seconds")
    assert error["expectation"] == "a finite number >= 0 and <= 604800"


def test_simulated_traffic_has_the_shop_in_it(tmp_path: Path, site: Path, start: Start) -> None:
    exporter = start()
    arguments = ("simulate", "--url", exporter.url, "--seconds", "0.5", "--rate", "40", "--json")
    done = run(tmp_path, "-m", "pipemeter", *arguments, site=site)
    assert done.returncode == 0, done.stderr
    assert sum(n for series, n in values(exporter).items() if series.startswith("toy_sold")) == 20
    assert json.loads(done.stdout)["items"] == 20


def test_where_the_package_is_gone_its_events_are_skipped_and_ours_beside_them_counted(start: Start) -> None:
    first = start()
    httpx.post(f"{first.url}/api/events", json=EVENTS)
    first.end(signal.SIGKILL)
    second = start(toys=False)
    assert sum(values(second).values()) == 1
    assert httpx.post(f"{second.url}/api/events", json=EVENTS).status_code == 422
    assert "records of the journal cannot be read" in second.said
    assert '"records": 2' in second.said


@pytest.mark.parametrize("verb", [("serve", "--port", "0", "--no-journal"), ("compile", "--out", "compiled")])
def test_a_domain_that_is_refused_ends_a_command_with_its_reasons(tmp_path: Path, verb: tuple[str, ...]) -> None:
    says = toys.SAYS.replace('("red", "blue", "green")', "()")
    site = install(tmp_path / "site", says=says.replace('"five seconds are promised"', '""'))
    done = run(tmp_path, "-m", "pipemeter", *verb, site=site)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "pipemeter: toys 1.0: domain toy: metric toy_wait_seconds: it gives no argument for its buckets (`why`)",
        "pipemeter: toys 1.0: domain toy: label colour: it has neither values nor a cap, so that nothing bounds its series",
    ]
    assert not (tmp_path / "compiled").exists()


def test_a_domain_that_is_refused_is_one_warning_of_a_recorder_which_counts_all_else(tmp_path: Path) -> None:
    site = install(tmp_path / "site", says="1 / 0")
    done = run(tmp_path, "-c", COUNT_OURS, site=site)
    assert done.stdout.splitlines() == ["1.0", "1.0"]
    (warning,) = done.stderr.splitlines()
    assert "domains left out" in warning
    assert "toys 1.0: domain toy: cannot be loaded: ZeroDivisionError" in warning
