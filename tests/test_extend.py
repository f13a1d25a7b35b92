"""The domain that docs/extend.md builds, made from the page itself, and everything that pipemeter does with it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.backfill import running_prometheus
from monitoring.compile.boards.files import filled_in
from tests.exporter.conftest import Process, eventually

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/extend.md").read_text()
_FILE = re.compile(r"^`([\w/.]+)`:\n\n(```|~~~)\w+\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
FILES = {path: body for path, _, body in _FILE.findall(PAGE)}
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", _FILE.sub("", PAGE), re.MULTILINE | re.DOTALL))
QUICK = """
translation_metrics: {rejection_rate: {warning_high: 0.08, critical_high: null, window: 1m, for: 0s, min_items: 5}}
slos: []
notifications: {routes: [{domain: translation, channels: [log]}]}
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
        self.folder = folder
        for path, text in FILES.items():
            self.write(path, text)
        self.write("pagecraft/__init__.py", "")
        project = tomllib.loads(FILES["pyproject.toml"])["project"]
        name, version = project["name"], project["version"]
        points = project["entry-points"]["pipemeter.domains"].items()
        lines = "".join(f"{point} = {target}\n" for point, target in points)
        self.write(f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        self.write(f"{name}-{version}.dist-info/entry_points.txt", f"[pipemeter.domains]\n{lines}")
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
    assert set(FILES) == {
        "pyproject.toml",
        "pagecraft/says.py",
        "pagecraft/judged.py",
        "pagecraft/runbooks/TranslationRejectionRateHigh.md",
        "pagecraft/runbooks/TranslationPagesUnreadable.md",
        "config/monitoring.yaml",
    }
    done = installed.run("sh", "-ec", BLOCKS["sh"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") >= 4
    compiled = installed.folder / "compiled"
    rules = (compiled / "alert_rules/translation.yaml").read_text()
    assert rules.count("alert: TranslationRejectionRateHigh") == 2
    assert "language:translation_rejection_rate:ratio1h > 0.25" in rules
    assert "summary: 'Rejection rate of {{ $labels.language }} is too high: {{ $value | humanizePercentage }}'" in rules
    assert (
        "rejection rate over 1h is above 8% (target 2%)"
        in (compiled / "docs/runbooks/TranslationRejectionRateHigh.md").read_text()
    )
    for page, name in (
        ("metrics", "`translation_pages_total`"),
        ("labels", "`language`"),
        ("signals", "`translation_rejection_rate`"),
        ("alerts", "`TranslationPagesUnreadable`"),
    ):
        assert name in (compiled / f"docs/reference/{page}.md").read_text()


@pytest.mark.parametrize(("targets", "warned"), [("", "10%"), (FILES["config/monitoring.yaml"], "8%")])
def test_the_targets_of_the_page_are_added_to_those_of_init_or_left_out(
    installed: Installed, targets: str, warned: str
) -> None:
    config = installed.folder / "config/monitoring.yaml"
    config.unlink()
    done = installed.pipemeter("init", ".")
    assert done.returncode == 0, done.stderr
    config.write_text(config.read_text() + targets)
    compiling, *_ = BLOCKS["sh"].splitlines()
    done = installed.run("sh", "-ec", compiling)
    assert done.returncode == 0, done.stderr
    page = (installed.folder / "compiled/docs/runbooks/TranslationRejectionRateHigh.md").read_text()
    assert f"rejection rate over 1h is above {warned} (target 2%)" in page


@needs("promtool")
def test_a_mean_of_what_has_no_unit_is_judged_and_its_alert_tried(installed: Installed) -> None:
    installed.change("pagecraft/judged.py", "buckets_of, count_of, term", "count_of, sum_of, term")
    installed.change(
        "pagecraft/judged.py",
        '"quantile",\n        "seconds",\n        (buckets_of(DURATION),),',
        '"mean",\n        "number",\n        (sum_of(DURATION),),',
    )
    installed.change(
        "pagecraft/judged.py",
        '"translation_rejection_rate",\n        high_alert',
        '"translation_duration_p95_seconds",\n        maximum=300.0,\n        high_alert',
    )
    bands = "target=0.02, warning_high=0.10, critical_high=0.30"
    installed.change("pagecraft/judged.py", bands, "target=220.0, warning_high=234.5, critical_high=260.0")
    (installed.folder / "config/monitoring.yaml").unlink()
    done = installed.run("sh", "-ec", BLOCKS["sh"])
    assert done.returncode == 0, done.stdout + done.stderr
    rules = (installed.folder / "compiled/alert_rules/translation.yaml").read_text()
    assert """{{ $value | printf "%.5g" }}, above 234.5 (target 220)""" in rules


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
    recording = BLOCKS["python"].replace("http://localhost:8000", exporter)

    def is_alerted_on() -> bool:
        done = installed.run(sys.executable, "-c", recording)
        assert done.returncode == 0, done.stderr
        return bool(
            ask(
                'ALERTS{alertname="TranslationRejectionRateHigh",alertstate="firing",domain="translation",language="da"}'
            )
        )

    eventually(is_alerted_on, 120)

    page = httpx.get(f"{exporter}/runbooks/TranslationRejectionRateHigh").text
    assert page.startswith("# TranslationRejectionRateHigh\n\n## Meaning\n\nReviewers reject")

    text = httpx.get(f"{exporter}/metrics").text
    (rejected,) = re.findall(
        r'^translation_pages_total\{language="da",review="rejected"\} (\d+)\.0$', text, re.MULTILINE
    )
    assert int(rejected) >= 20
    assert 'translation_duration_seconds_bucket{language="da",le="2.0"}' in text
    assert 'domain="translation"' in (installed.folder / "live/alertmanager/alertmanager.yml").read_text()
    board = json.loads((installed.folder / "live/grafana/dashboards/translation.json").read_text())
    (panel,) = board["panels"]
    (target,) = panel["targets"]
    (line,) = ask(filled_in(target["expr"]))
    assert line["metric"] == {"language": "da"}
    assert float(line["value"][1]) == pytest.approx(0.25, abs=0.1)
    assert (board["uid"], board["tags"]) == ("pipemeter-translation", ["pipemeter"])

    status = installed.pipemeter("status", "--window", "2m", "--prometheus", prometheus)
    assert status.returncode == 0, status.stderr
    _, section = re.split(r"^Translation *$", status.stdout, flags=re.MULTILINE)
    for title in ("Rejection rate", "Duration of a page (p95)", "Pages translated"):
        assert title in section
    told = json.loads(installed.pipemeter("status", "--window", "2m", "--prometheus", prometheus, "--json").stdout)
    (domain,) = told["domains"]
    assert (domain["name"], domain["readings"][0]["signal"]) == ("translation", "translation_rejection_rate")
    report = installed.pipemeter("report", "--window", "10m", "--prometheus", prometheus)
    assert "## Translation" in report.stdout, report.stderr


BROKEN = {
    "a label without a cap": (
        "pagecraft/says.py",
        'Label("language", cap=20, example="da")',
        'Label("language")',
        "label language",
    ),
    "a threshold off an edge": (
        "pagecraft/judged.py",
        '        "translation_rejection_rate",\n        high_alert',
        '        "translation_duration_p95_seconds",\n        maximum=60.0,\n        high_alert',
        "translation_metrics.rejection_rate has warning_high 0.1: expected a bucket edge of "
        "translation_duration_seconds; the nearest is 0.5",
    ),
    "an alert without a runbook": (
        "pagecraft/judged.py",
        'high_alert="TranslationRejectionRateHigh"',
        'high_alert="TranslationTooPoor"',
        "alert TranslationTooPoor has no runbook: pagecraft/runbooks/TranslationTooPoor.md is missing",
    ),
    "an alert without advice": (
        "pagecraft/judged.py",
        "        high_advice=",
        "        low_advice=",
        "has an alert TranslationRejectionRateHigh without advice: what to do first",
    ),
    "a family that is not there": (
        "pagecraft/says.py",
        "    (PAGES, DURATION),\n",
        "    (PAGES,),\n",
        "translation_duration_seconds",
    ),
    "a board that there is not": (
        "pagecraft/judged.py",
        "    boards=(BOARD,),\n",
        "",
        "TranslationRejectionRateHigh: leads to the board pipemeter-translation, which there is not",
    ),
    "a panel of a signal that is not there": (
        "pagecraft/judged.py",
        'Ask("rolling", "translation_rejection_rate"',
        'Ask("rolling", "translation_rejections"',
        "translation_rejections",
    ),
    "a rule of a value that never is": (
        "pagecraft/judged.py",
        '{{review="unreadable"}}[5m]',
        '{{review="lost"}}[5m]',
        "review is never 'lost'",
    ),
    "a runbook without a section": (
        "pagecraft/runbooks/TranslationPagesUnreadable.md",
        "## Escalate",
        "## Ask",
        "pagecraft/runbooks/TranslationPagesUnreadable.md: its sections have to be Meaning, Impact, Check, Mend, Escalate",
    ),
    "a runbook that asks for nothing": (
        "pagecraft/runbooks/TranslationPagesUnreadable.md",
        "translation_pages by language",
        "translation_books by language",
        "pagecraft/runbooks/TranslationPagesUnreadable.md: no domain declares a signal 'translation_books'",
    ),
    "a side that is not there": (
        "pagecraft/says.py",
        'judged="pagecraft.judged:DOMAIN"',
        'judged="pagecraft.weighed:DOMAIN"',
        "domain translation: judged 'pagecraft.weighed:DOMAIN': ModuleNotFoundError: No module named 'pagecraft.weighed'",
    ),
    "a side that is no domain": (
        "pagecraft/says.py",
        'judged="pagecraft.judged:DOMAIN"',
        'judged="pagecraft.judged:BOARD"',
        "domain translation: judged 'pagecraft.judged:BOARD': expected a Domain of monitoring.domains",
    ),
    "a unit that there is not": (
        "pagecraft/judged.py",
        '        "ratio",\n        "ratio",\n',
        '        "ratio",\n        "percent",\n',
        "domain translation: signals translation_rejection_rate unit is 'percent': expected one of 'ratio', 'score',",
    ),
    "an alert without a board": (
        "pagecraft/judged.py",
        '    board="pipemeter-translation",\n    for_seconds',
        '    board="",\n    for_seconds',
        "domain translation: alert TranslationPagesUnreadable has no board that it leads to",
    ),
    "a board that leads out of its folder": (
        "pagecraft/judged.py",
        'BOARD = Board(\n    "translation",',
        'BOARD = Board(\n    "../../../../translation",',
        "domain translation: '../../../../translation' cannot be the name of a board",
    ),
    "an import that ends the program": (
        "pagecraft/judged.py",
        "SPLIT = (",
        "raise SystemExit(7)\nSPLIT = (",
        "domain translation: judged 'pagecraft.judged:DOMAIN': SystemExit: 7",
    ),
    "a side that is called otherwise": (
        "pagecraft/judged.py",
        '    name="translation",\n',
        '    name="translations",\n',
        "is called 'translations', not like its side",
    ),
}


@pytest.mark.parametrize(("path", "old", "new", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_domain_that_breaks_a_promise_is_refused_in_one_sentence(
    installed: Installed, path: str, old: str, new: str, expected: str
) -> None:
    installed.change(path, old, new)
    done = installed.pipemeter("compile", "--out", "compiled")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr, done.stderr
    assert expected in " ".join(done.stderr.split()), done.stderr
    assert not (installed.folder / "compiled").exists()


def test_without_the_package_nothing_knows_of_the_domain(installed: Installed) -> None:
    (installed.folder / "config/monitoring.yaml").unlink()
    for folder, path in (("with", installed.environ["PYTHONPATH"]), ("without", str(ROOT))):
        done = installed.pipemeter("compile", "--out", folder, PYTHONPATH=path)
        assert done.returncode == 0, done.stderr
    before, after = (texts(installed.folder / name) for name in ("with", "without"))
    assert {path for path, text in after.items() if "translation" in (path + text).lower()} == set()
    changed = {path for path, text in after.items() if before[path] != text}
    assert changed == {
        "alertmanager/alertmanager.yml",  # inhibition tells languages apart
        "docs/reference/alerts.md",
        "docs/reference/labels.md",
        "docs/reference/metrics.md",
        "docs/reference/signals.md",
        "docs/runbooks/README.md",
        "prometheus/rules/boards.yaml",
        "prometheus/rules/signals.yaml",
    }
    assert set(before) - set(after) == {
        "alert_rules/translation.yaml",
        "alert_rules/tests/TranslationRejectionRateHigh.yaml",
        "alert_rules/tests/TranslationPagesUnreadable.yaml",
        "docs/runbooks/TranslationRejectionRateHigh.md",
        "docs/runbooks/TranslationPagesUnreadable.md",
        "grafana/dashboards/translation.json",
    }


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
