"""What docs/extend.md says of judging a domain, with the very package that it shows: from rules to the alert."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.backfill import running_prometheus
from monitoring.compile.boards.files import filled_in
from tests.exporter.conftest import Process, eventually
from tests.toys import blocks, commands, install

ROOT = Path(__file__).parents[1]
QUICK = """
toy_metrics: {red_share: {warning_high: 0.55, critical_high: null, window: 1m, for: 0s, min_items: 5}}
slos: []
notifications: {routes: [{domain: toy, channels: [log]}]}
"""
SELL = """
from pipeline import PushRecorder
from toys.says import ToySold
with PushRecorder({url!r}) as recorder:
    for number in range(40):
        recorder.record(ToySold("blue" if number % 4 == 0 else "red", "corner", 2.5))
"""
SCRAPING = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/prometheus/rules/*.yaml", "{rules}/alert_rules/*.yaml"]
scrape_configs:
  - {{job_name: pipeline, honor_labels: true, static_configs: [{{targets: ["{exporter}"]}}]}}
"""


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing) and "CI" not in os.environ, reason=f"{missing} not installed")


class Installed:
    """A folder in which the package of the page is installed, and commands that are run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = install(folder)
        self.write("config/monitoring.yaml", blocks()["config/monitoring.yaml"])
        bin_folder = Path(sys.executable).parent
        self.environ = {
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "160",
        }

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def change(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert text.count(old) >= 1, (path, old)
        self.write(path, text.replace(old, new))

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **self.environ, **environ}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def pipemeter(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.run("pipemeter", *arguments, **environ)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path / "package")


@needs("promtool")
def test_the_commands_of_the_page_compile_the_domain_and_try_its_alerts(installed: Installed) -> None:
    done = installed.run("sh", "-ec", commands())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") >= 4
    compiled = installed.folder / "compiled"
    rules = (compiled / "alert_rules/toy.yaml").read_text()
    assert rules.count("alert: ToyRedShareHigh") == 2
    assert "toy_shop:toy_red_share:ratio1h > 0.75" in rules
    assert "summary: 'Red toys of {{ $labels.toy_shop }} are too high: {{ $value | humanizePercentage }}'" in rules
    page = (compiled / "docs/runbooks/ToyRedShareHigh.md").read_text()
    assert "red toys over 1h are above 55% (target 40%)" in page
    rows = {"metrics": "toy_sold_total", "labels": "toy_shop", "signals": "toy_red_share", "alerts": "ToyColourUnknown"}
    for name, row in rows.items():
        assert f"`{row}`" in (compiled / f"docs/reference/{name}.md").read_text()


@pytest.fixture
def watched(installed: Installed) -> Iterator[tuple[Installed, str, str]]:
    """The package, an exporter that knows it, and a Prometheus with the compiled rules; scraped every second."""
    installed.write("quick.yaml", QUICK)
    done = installed.pipemeter("compile", "--config", "quick.yaml", "--out", "live")
    assert done.returncode == 0, done.stderr
    exporter = Process(installed.folder, port=0, **installed.environ)
    try:
        config = SCRAPING.format(rules=installed.folder / "live", exporter=exporter.url.removeprefix("http://"))
        with running_prometheus(installed.folder / "prometheus", config=config) as prometheus:
            yield installed, exporter.url, prometheus
    finally:
        exporter.end()


def asks(prometheus: str) -> Callable[[str], list[Any]]:
    def ask(expression: str) -> list[Any]:
        answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": expression}).raise_for_status().json()
        found: list[Any] = answer["data"]["result"]
        return found

    return ask


@needs("prometheus")
def test_the_domain_is_recorded_scraped_alerted_on_drawn_and_told_of(watched: tuple[Installed, str, str]) -> None:
    installed, exporter, prometheus = watched
    ask = asks(prometheus)
    eventually(lambda: bool(ask('count_over_time(up{job="pipeline"}[1m]) > 1')), 60)
    selling = SELL.format(url=exporter)

    def is_alerted_on() -> bool:
        done = installed.run(sys.executable, "-c", selling)
        assert done.returncode == 0, done.stderr
        return bool(ask('ALERTS{alertname="ToyRedShareHigh",alertstate="firing",domain="toy",toy_shop="corner"}'))

    eventually(is_alerted_on, 120)

    text = httpx.get(f"{exporter}/metrics").text
    (red,) = re.findall(r'^toy_sold_total\{colour="red",toy_shop="corner"\} (\d+)\.0$', text, re.MULTILINE)
    assert int(red) >= 60
    assert re.search(r'^toy_wait_seconds_bucket\{le="5.0"\} [1-9]', text, re.MULTILINE)
    assert 'domain="toy"' in (installed.folder / "live/alertmanager/alertmanager.yml").read_text()
    board = json.loads((installed.folder / "live/grafana/dashboards/toy.json").read_text())
    (panel,) = board["panels"]
    (target,) = panel["targets"]
    (line,) = ask(filled_in(target["expr"]))
    assert line["metric"] == {"toy_shop": "corner"}
    assert float(line["value"][1]) == pytest.approx(0.75, abs=0.1)
    assert (board["uid"], board["tags"]) == ("pipemeter-toy", ["pipemeter"])

    status = installed.pipemeter("status", "--window", "2m", "--prometheus", prometheus)
    assert status.returncode == 0, status.stderr
    _, section = re.split(r"^Toy shop *$", status.stdout, flags=re.MULTILINE)
    for title in ("Red toys", "Wait (p95)", "Toys sold"):
        assert title in section
    told = json.loads(installed.pipemeter("status", "--window", "2m", "--prometheus", prometheus, "--json").stdout)
    (domain,) = told["domains"]
    assert (domain["name"], domain["readings"][0]["signal"]) == ("toy", "toy_red_share")
    report = installed.pipemeter("report", "--window", "10m", "--prometheus", prometheus)
    assert "## Toy shop" in report.stdout, report.stderr


BROKEN = {
    "a threshold off an edge": (
        "toys/judged.py",
        '        "toy_red_share",\n        high_alert',
        '        "toy_wait_p95_seconds",\n        maximum=120.0,\n        high_alert',
        "toy_metrics.red_share has warning_high 0.6: expected a bucket edge of toy_wait_seconds; the nearest is 1",
    ),
    "an alert without a runbook": (
        "toys/judged.py",
        'high_alert="ToyRedShareHigh"',
        'high_alert="ToyTooRed"',
        "alert ToyTooRed has no runbook: toys/runbooks/ToyTooRed.md is missing",
    ),
    "an alert without advice": (
        "toys/judged.py",
        "        high_advice=",
        "        low_advice=",
        "domain toy: toy_metrics.red_share has an alert ToyRedShareHigh without advice: what to do first",
    ),
    "a family that is not there": (
        "toys/says.py",
        "    families=(SOLD, WAIT),\n",
        "    families=(SOLD,),\n",
        "toy_wait_seconds",
    ),
    "a board that there is not": (
        "toys/judged.py",
        "    boards=(BOARD,),\n",
        "",
        "ToyRedShareHigh: leads to the board pipemeter-toy, which there is not",
    ),
    "a panel of a signal that is not there": (
        "toys/judged.py",
        'Ask("rolling", "toy_red_share"',
        'Ask("rolling", "toy_blue_share"',
        "board toy, panel 'Which shop sells nothing but red?': no domain declares a signal 'toy_blue_share'",
    ),
    "a rule of a value that never is": (
        "toys/judged.py",
        '{{colour="other"}}[5m]',
        '{{colour="pink"}}[5m]',
        "ToyColourUnknown: toy_sold_total: colour is never 'pink'",
    ),
    "a runbook without a section": (
        "toys/runbooks/ToyColourUnknown.md",
        "## Escalate",
        "## Ask",
        "toys/runbooks/ToyColourUnknown.md: its sections have to be Meaning, Impact, Check, Mend, Escalate",
    ),
    "a runbook that asks for nothing": (
        "toys/runbooks/ToyColourUnknown.md",
        "toy_sales by toy_shop",
        "toy_books by toy_shop",
        "toys/runbooks/ToyColourUnknown.md: no domain declares a signal 'toy_books'",
    ),
    "a side that is not there": (
        "toys/says.py",
        'judged="toys.judged:DOMAIN"',
        'judged="toys.weighed:DOMAIN"',
        "domain toy: judged 'toys.weighed:DOMAIN': ModuleNotFoundError: No module named 'toys.weighed'",
    ),
    "a side that is no domain": (
        "toys/says.py",
        'judged="toys.judged:DOMAIN"',
        'judged="toys.judged:BOARD"',
        "domain toy: judged 'toys.judged:BOARD': expected a Domain of monitoring.domains",
    ),
    "a side that is called otherwise": (
        "toys/judged.py",
        '    name="toy",\n',
        '    name="toys",\n',
        "is called 'toys', not like its side",
    ),
}


@pytest.mark.parametrize(("path", "old", "new", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_domain_that_breaks_a_promise_is_refused_in_one_sentence(
    installed: Installed, path: str, old: str, new: str, expected: str
) -> None:
    installed.change(path, old, new)
    done = installed.pipemeter("compile", "--out", "compiled")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr, done.stderr
    assert expected in " ".join(done.stderr.split()), done.stderr
    assert not (installed.folder / "compiled").exists()


def test_without_the_package_nothing_knows_of_the_domain(installed: Installed) -> None:
    (installed.folder / "config/monitoring.yaml").unlink()
    for folder, path in (("with", installed.environ["PYTHONPATH"]), ("without", str(ROOT))):
        done = installed.pipemeter("compile", "--out", folder, PYTHONPATH=path)
        assert done.returncode == 0, done.stderr
    before, after = (texts(installed.folder / name) for name in ("with", "without"))
    assert {path for path, text in after.items() if re.search(r"\btoys?_|\bToy|toy\b", path + text)} == set()
    assert {path for path, text in after.items() if before[path] != text} == {
        "alertmanager/alertmanager.yml",  # inhibition tells shops apart
        "docs/reference/alerts.md",
        "docs/reference/labels.md",
        "docs/reference/metrics.md",
        "docs/reference/signals.md",
        "docs/runbooks/README.md",
        "prometheus/rules/boards.yaml",
        "prometheus/rules/signals.yaml",
    }
    assert set(before) - set(after) == {
        "alert_rules/toy.yaml",
        "alert_rules/tests/ToyRedShareHigh.yaml",
        "alert_rules/tests/ToyColourUnknown.yaml",
        "docs/runbooks/ToyRedShareHigh.md",
        "docs/runbooks/ToyColourUnknown.md",
        "grafana/dashboards/toy.json",
    }


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
