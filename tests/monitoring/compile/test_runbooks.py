"""Every alert has a runbook that says all of it, names only what exists, and whose queries and commands run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from random import Random

import click
import httpx
import msgspec
import pytest
from starlette.routing import compile_path

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from monitoring.alerts.alert import alerts_of
from monitoring.alerts.plan import plan_of
from monitoring.alerts.rule_groups import dump
from monitoring.compile.runbooks import SECTIONS, expressions_of, runbooks
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains.band import Bands
from monitoring.domains.catalogue import domains, metrics
from monitoring.targets.links import Links
from monitoring.targets.slos import DEFAULT_SLOS, Slo
from monitoring.targets.targets import Targets
from pipeline.configuration.config import Config
from pipeline.domains.content.traffic import Traffic
from pipeline.events import DomainEvent
from pipemeter.cli import cli
from tests.exporter.conftest import eventually

ROOT = Path(__file__).parents[3]
OWN = (Slo("good-items", "quality_above_070_share", 0.8), Slo("savings", "time_savings", 0.55))


def everything() -> Targets:
    """Targets with every alert there can be: both sides of every metric, an override, objectives of one's own."""
    bands = {}
    for metric in metrics():
        low, high = (0.31, 0.83) if metric.maximum == 1.0 else (None, 60.0)
        bands[metric.signal] = Bands(
            warning_low=low if metric.low_alert else None,
            critical_low=0.17 if low and metric.low_alert else None,
            warning_high=high if metric.high_alert else None,
            window=7200,
            cooldown_minutes=45,
        )
    overrides = {"news": {"bypass_rate": Bands(warning_low=0.23)}}
    return Targets(bands=bands, overrides=overrides, slos=(*DEFAULT_SLOS, *OWN))


CASES = pytest.mark.parametrize("targets", [Targets(), everything()], ids=["defaults", "everything"])


def pages(targets: Targets) -> dict[str, str]:
    return {Path(path).stem: text for path, text in runbooks(plan_of(targets)).items()}


@CASES
def test_every_alert_has_a_page_with_every_section_filled(targets: Targets) -> None:
    found = pages(targets)
    assert set(found) - {"README"} == {alert.name for alert in alerts_of(targets)}
    for name, text in found.items():
        if name == "README":
            continue
        headings = re.findall(r"^## (\w+)$", text, re.MULTILINE)
        assert tuple(headings) == SECTIONS, name
        for section in re.split(r"^## \w+$", text, flags=re.MULTILINE)[1:]:
            assert len(section.split()) >= 5, (name, section)
        assert "```" in text.split("## Check")[1].split("## Mend")[0], name
        assert "DO NOT EDIT" in text.splitlines()[0]


def test_every_text_that_was_written_is_of_an_alert_that_can_exist() -> None:
    texts = [files(domain.package).joinpath("runbooks") for domain in domains()]
    written = {Path(str(path)).stem for folder in texts for path in folder.iterdir()}
    own = {alert.name for alert in alerts_of(Targets(slos=OWN)) if "slo" in alert.labels}
    assert written == set(pages(everything())) - own - {"README"}


@CASES
def test_no_query_names_what_does_not_exist(targets: Targets) -> None:
    vocabulary = Vocabulary(plan_of(targets).groups)
    asked = {query: name for name, text in pages(targets).items() for query in expressions_of(text)}
    assert len(asked) > 60
    assert [(asked[query], found) for query in asked for found in vocabulary.check_expression(query)] == []


def test_the_facts_are_those_of_the_configuration() -> None:
    bands = {**Targets().bands, "bypass_rate": Bands(warning_low=0.53, window=5400, for_seconds=1020, min_items=37)}
    links = Links(
        prometheus_url="https://prom.example.com",
        alertmanager_url="https://am.example.com",
        runbook_url="https://exporter.example.com/runbooks",
        grafana_url="https://grafana.example.com",
    )
    found = pages(Targets(bands=bands, links=links))
    page = found["PipelineBypassRateLow"]
    assert "| warning | bypass rate over 1h30m is below 53% | 17m | 37 items | - |" in page
    assert "critical" not in page.split("## Meaning")[0]
    assert "pipeline:bypass_rate:ratio1h30m < 0.53" in page
    assert "[pipemeter-overview](https://grafana.example.com/d/pipemeter-overview)" in page
    assert "(https://prom.example.com/graph?g0.tab=1&g0.expr=sum%20by%20%28processing_type%29" in page
    assert "curl -si https://exporter.example.com/health" in found["PipelineDown"]
    assert "--alertmanager.url=https://am.example.com" in found["Watchdog"]
    burn = pages(everything())["PipelineErrorBudgetBurn"]
    assert "more than 14.4% are bad over 1h and over 5m: 14.4 times what 99% good over 30d allows" in burn
    assert "`slo=error_rate` `burnrate_tier=long`" in burn
    several = pages(everything())["PipelineBypassRateLow"]
    assert "bypass rate of news over 1h is below 23% | 10m | 20 items | `content_type` |" in several
    assert "bypass rate over 2h is below 17% | 10m, and 45m on |" in several


@pytest.mark.parametrize("targets", [Targets(), everything(), Targets(slos=())], ids=["defaults", "everything", "few"])
def test_every_link_leads_to_a_page_and_no_placeholder_is_left(targets: Targets) -> None:
    found = pages(targets)
    for name, text in found.items():
        assert set(re.findall(r"\]\((\w+)\.md\)", text)) <= set(found), name
        assert re.findall(r"\{[a-z_]+\}", text) == [], name
        assert "```signal" not in text, name
    assert {f"{name}.md" for name in found} - {"README.md"} == set(
        re.findall(r"\| \[\w+\]\((\w+\.md)\)", found["README"])
    )


def commands() -> list[str]:
    found = []
    for text in pages(everything()).values():
        for block in re.findall(r"^```sh\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL):
            found += block.splitlines()
    return sorted(set(found))


@pytest.mark.parametrize("line", [line for line in commands() if "pipemeter " in line])
def test_every_pipemeter_command_exists_with_its_options(line: str) -> None:
    words = [word for word in shlex.split(line) if "=" not in word or word.startswith("--")]
    assert words[0] == "pipemeter"
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None, line
    if isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[2])
        assert command is not None, line
    known = {option for parameter in command.params for option in parameter.opts}
    assert [word for word in words[2:] if word.startswith("--") and word not in known] == []


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("curl ")])
def test_every_address_that_is_asked_exists(line: str) -> None:
    url = httpx.URL(next(word for word in shlex.split(line) if word.startswith("http")))
    if url.port == 8000:
        app = create_app(settings=ExporterSettings(journal=None), config=Config())
        assert any(compile_path(route.path)[0].match(url.path) for route in app.routes)  # type: ignore[attr-defined]
    else:
        known = {9090: ("/api/v1/targets", "/api/v1/rules", "/api/v1/alertmanagers"), 9093: ()}
        assert url.path in (*known[url.port or 0], "/-/healthy", "/-/reload")


def test_every_other_command_is_a_program_of_the_servers() -> None:
    first = {shlex.split(line)[0].partition("=")[0] for line in commands()}
    assert first <= {"pipemeter", "curl", "promtool", "amtool", "df", "LOG_LEVEL"}


def test_every_setting_that_is_named_exists() -> None:
    documented = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    keys = {
        key for path in (ROOT / "config").glob("*.yaml") for key in re.findall(r"^[ #]*(\w+):", path.read_text(), re.M)
    }
    keys |= {"notifications", "slos", "overrides"}  # sections of monitoring.yaml
    for name, text in pages(everything()).items():
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        for word in re.findall(r"`([^`]+)`", prose):
            variable = re.fullmatch(r"([A-Z]+_[A-Z_]+)(=\S+)?", word)
            assert not variable or variable[1] in documented, (name, word)
            setting = re.fullmatch(r"(download|llm|transcription|publish|memory)\.(\w+)(: \w+)?", word)
            assert not setting or setting[2] in keys, (name, word)
            file = re.fullmatch(r"config/\S+", word)
            assert not file or word == "config/monitoring.yaml" or (ROOT / word).is_file(), (name, word)
            option = re.fullmatch(r"(min_\w+|post_\w+|\w+_routing|label_caps)", word)
            assert not option or option[1] in keys, (name, word)


# --- with a real Prometheus

PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 5s}}
rule_files: ["{folder}/rules/*.yaml"]
scrape_configs:
  - job_name: pipeline
    static_configs: [{{targets: ["{exporter}"]}}]
  - job_name: prometheus
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
NEEDED = pytest.mark.skipif(  # in CI a missing server is a failure, not a skip
    shutil.which("prometheus") is None and "CI" not in os.environ,
    reason="Debian's package prometheus is not installed",
)
SILENT = (  # there is no Alertmanager, no rule fails, and the pipeline is in no process of its own
    "alertmanager_",
    "prometheus_rule_evaluation_failures_total[1h])) > 0",
    "pipeline_last_item_timestamp_seconds",
    "pipeline_items_in_progress",
)


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[httpx.Client]:
    """A Prometheus that scrapes a simulated run and evaluates the compiled rules, every second."""
    app = create_app(settings=ExporterSettings(journal=None), config=Config())
    exporter = BackgroundServer(app, "127.0.0.1", 0).start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "rules").mkdir()
    for path, groups in plan_of(everything()).files.items():
        (tmp_path / "rules" / path.replace("/", "-")).write_text(dump({"groups": groups}))
    config = PROMETHEUS.format(folder=tmp_path, exporter=exporter.url.removeprefix("http://"), port=port)
    (tmp_path / "prometheus.yml").write_text(config)
    command = ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20)
    try:
        eventually(lambda: bool(ask(client, 'up{job="pipeline"} == 1')), 60)
        traffic = Traffic(Random(7), fail=0.2, shadow=0.5)
        send(exporter.url, [*traffic.start(), *(event for _ in range(400) for event in traffic.item())])
        eventually(lambda: bool(ask(client, "pipeline_items_total > 0")), 30)  # an increase needs a value before it
        send(exporter.url, [event for _ in range(400) for event in traffic.item()])
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(20)
        exporter.stop()


def send(url: str, events: list[DomainEvent]) -> None:
    httpx.post(f"{url}/api/events", content=msgspec.json.encode(events), timeout=20).raise_for_status()


def ask(client: httpx.Client, query: str) -> list[object]:
    try:
        answer = client.post("/api/v1/query", data={"query": query})
    except httpx.TransportError:
        return []
    assert answer.status_code in (200, 503), (query, answer.text)
    found: list[object] = answer.json()["data"]["result"] if answer.is_success else []
    return found


@NEEDED
def test_every_query_runs_and_finds_what_a_simulated_run_exposes(prometheus: httpx.Client) -> None:
    checks = [text.split("## Rule")[0] for text in pages(everything()).values()]
    queries = sorted({query for text in checks for query in expressions_of(text)})
    missing = [query for query in queries if not any(name in query for name in SILENT)]
    assert len(missing) > 60

    def all_found() -> bool:
        missing[:] = [query for query in missing if not ask(prometheus, query)]
        return not missing

    try:
        eventually(all_found, 60)
    except AssertionError:
        pytest.fail("no answer to: " + "; ".join(missing))
    for query in queries:
        if any(name in query for name in SILENT):
            ask(prometheus, query)  # without an answer, but understood
