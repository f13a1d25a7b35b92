"""The whole way with the real servers: events -> exporter -> Prometheus -> Alertmanager -> Slack, Discord and the log."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser as promql
import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from monitoring.alerts.plan import plan_of
from monitoring.compile.output import compile_all, write
from monitoring.domains.band import Bands
from monitoring.targets.targets import Targets
from pipeline.domains.content.traffic import Traffic
from pipeline.recording.push import PushRecorder
from tests.monitoring.alertmanager_server import (
    NEEDS_ALERTMANAGER,
    Alertmanager,
    eventually,
    eventually_empty,
    free_port,
    write_config,
)
from tests.monitoring.webhooks import Webhooks

pytestmark = [
    NEEDS_ALERTMANAGER,
    pytest.mark.skipif(  # in CI a missing server is a failure, not a skip
        shutil.which("prometheus") is None and "CI" not in os.environ,
        reason="Debian's package prometheus is not installed",
    ),
]
_OFF = Bands(enabled=False)
QUICK = Targets(  # the defaults, at the intervals of a test; only quality is judged
    bands={
        **dict.fromkeys(Targets().bands, _OFF),
        "quality_score_avg": Bands(target=0.75, warning_low=0.7, critical_low=0.65, window=60, for_seconds=2),
    },
    slos=(),
)
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/prometheus/rules/*.yaml", "{rules}/alert_rules/*.yaml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]}}
scrape_configs:
  - {{job_name: pipeline, honor_labels: true, static_configs: [{{targets: ["{exporter}"]}}]}}
  - {{job_name: prometheus, static_configs: [{{targets: ["{own}"]}}]}}
  - {{job_name: alertmanager, static_configs: [{{targets: ["{alertmanager}"]}}]}}
"""


class Prometheus:
    """A real Prometheus with the compiled rules, which can be stopped and started again."""

    def __init__(self, folder: Path, targets: Targets, exporter: str, alertmanager: str) -> None:
        self._folder, self._address = folder, f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        write(compile_all(targets).files, folder)
        hosts = {"exporter": exporter.removeprefix("http://"), "alertmanager": alertmanager.removeprefix("http://")}
        (folder / "prometheus.yml").write_text(CONFIG.format(rules=folder, own=self._address, **hosts))

    def start(self) -> None:
        command = ["prometheus", f"--config.file={self._folder}/prometheus.yml", f"--web.listen-address={self._address}",
                   f"--storage.tsdb.path={self._folder}/tsdb", "--log.level=warn", "--rules.alert.resend-delay=2s"]  # fmt: skip
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._is_ready, what="the start of Prometheus")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def ask(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"http://{self._address}/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://{self._address}/-/ready").is_success
        except httpx.HTTPError:
            return False


class Stack:
    """The servers, and a way to say what happened in the pipeline."""

    def __init__(self, exporter: BackgroundServer, prometheus: Prometheus, alertmanager: Alertmanager, lines: list[str]) -> None:  # fmt: skip
        self.exporter, self.prometheus, self.alertmanager, self.lines = exporter, prometheus, alertmanager, lines

    def items(self, count: int, quality: float) -> None:
        row = {"processing_type": "full", "content_type": "news", "processing_time": 3.0, "quality_score": quality}
        url = f"{self.exporter.url}/api/performance/record/batch"
        httpx.post(url, json=[row] * count).raise_for_status()


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    with Webhooks() as found:
        yield found
        assert found.refused == []


@pytest.fixture
def stack(tmp_path: Path, webhooks: Webhooks) -> Iterator[Stack]:
    yield from _stack(tmp_path, webhooks, QUICK)


@pytest.fixture
def default_stack(tmp_path: Path, webhooks: Webhooks) -> Iterator[Stack]:
    yield from _stack(tmp_path, webhooks, Targets())


def _stack(folder: Path, webhooks: Webhooks, targets: Targets) -> Iterator[Stack]:
    lines: list[str] = []
    app = create_app(settings=ExporterSettings(), environ={}, write_line=lines.append)
    with BackgroundServer(app, "127.0.0.1", 0) as exporter:
        environ = {**webhooks.environ, "DASHBOARD_API_URL": exporter.url}
        # as in earnest, Alertmanager waits longer than Prometheus takes to tell it again what it missed
        config = write_config(folder / "am", environ, group_wait=3.0)
        with Alertmanager(folder / "am", config) as alertmanager:
            prometheus = Prometheus(folder, targets, exporter.url, alertmanager.url)
            try:
                prometheus.start()
                yield Stack(exporter, prometheus, alertmanager, lines)
            finally:
                prometheus.stop()


def test_bad_traffic_is_told_within_a_minute_over_restarts_and_a_dead_webhook_until_it_is_good_again(
    stack: Stack, webhooks: Webhooks
) -> None:
    eventually(lambda: bool(stack.prometheus.ask('count_over_time(up{job="pipeline"}[1m]) > 1')))
    webhooks.fail("slack", 500, 503)
    stack.items(40, quality=0.5)
    told = [webhooks.wait_for_title(service, "FIRING", seconds=60)[0] for service in ("slack", "discord")]
    for message in told:
        assert "CRITICAL" in message.title.upper()
        assert "Mean quality is too low: 0.50" in message.title + message.text
        assert "target 0.75" in message.text
        assert "/runbooks/PipelineQualityScoreLow" in str(message.payload)
    assert webhooks.attempts["slack"] >= 3  # twice refused, then taken
    firing = stack.prometheus.ask('ALERTS{alertname="PipelineQualityScoreLow",alertstate="firing"}')
    assert {row["metric"]["severity"] for row in firing} == {"critical", "warning"}
    eventually(
        lambda: stack.alertmanager.state(alertname="PipelineQualityScoreLow", severity="warning") == "suppressed"
    )

    stack.prometheus.stop()
    stack.prometheus.start()
    stack.alertmanager.stop()
    stack.alertmanager.start()
    stack.items(40, quality=0.5)  # the window is a minute: still bad
    eventually(lambda: stack.alertmanager.state(alertname="PipelineQualityScoreLow", severity="critical") == "active")
    stack.items(4000, quality=0.95)
    for service in ("slack", "discord"):
        webhooks.wait_for_title(service, "RESOLVED", seconds=60)
        mine = [m for m in webhooks.of(service) if "quality" in (m.title + m.text).lower()]
        assert [m for m in mine if not m.resolved] == mine[:1]  # told once, over both restarts
        assert not [m for m in mine if "WARNING" in m.title.upper()]
    assert any('"PipelineQualityScoreLow"' in line for line in stack.lines)


def test_a_silenced_alert_is_not_told(stack: Stack, webhooks: Webhooks) -> None:
    eventually(lambda: bool(stack.prometheus.ask('count_over_time(up{job="pipeline"}[1m]) > 1')))
    stack.alertmanager.silence(alertname="PipelineQualityScoreLow")
    stack.items(40, quality=0.5)
    eventually(
        lambda: stack.alertmanager.state(alertname="PipelineQualityScoreLow", severity="critical") == "suppressed"
    )
    webhooks.wait_for("heartbeat", lambda message: True)  # others are told meanwhile
    assert not [m for m in webhooks.of("slack") if "quality" in m.title.lower()]


def test_every_series_that_a_rule_asks_for_exists_after_a_simulated_run(default_stack: Stack) -> None:
    traffic = Traffic(random.Random(7), fail=0.1)
    prometheus = default_stack.prometheus
    eventually(lambda: bool(prometheus.ask('count_over_time(up{job="pipeline"}[1m]) > 1')))
    with PushRecorder(default_stack.exporter.url) as recorder:
        recorder.record_many(list(traffic.start()))
        for round_ in (1, 2):  # the first makes the series of the two configurations, the second lets them grow
            for _ in range(300):
                recorder.record_many(traffic.item())
            eventually(lambda count=300 * round_: _left(prometheus) >= count)  # type: ignore[misc]
    eventually(lambda: bool(prometheus.ask("pipeline:bypass_rate:ratio1h > 0 and pipeline:error_rate:ratio3d > 0")), 60)
    rules = [rule for group in plan_of(Targets()).groups for rule in group["rules"]]
    asked = {selector for rule in rules for selector in _selectors(rule["expr"])}
    asked |= {rule["record"] for rule in rules if "record" in rule}
    assert len(asked) > 100
    eventually_empty(lambda: [s for s in asked if not prometheus.ask(f"count({s})")])
    names = "alertname, severity, slo, burnrate_tier"
    fired = prometheus.ask(f'count by ({names}) (ALERTS{{alertname=~"NotificationsFailing|RuleEvaluationFailing"}})')
    assert fired == []


def _left(prometheus: Prometheus) -> float:
    """Return the items that Prometheus knows to have finished or failed."""
    found = prometheus.ask('sum({__name__=~"pipeline_items_total|pipeline_failures_total"})')
    return float(found[0]["value"][1]) if found else 0.0


def _selectors(expression: str) -> set[str]:
    found: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            matchers = ",".join(f'{m.name}{_OPERATORS[str(m.op)]}"{m.value}"' for m in node.matchers.matchers)
            found.add(f"{node.name or ''}{{{matchers}}}")
        return True

    promql.walk(promql.parse(expression), visit)
    return found


_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
