"""Backtests of the rules we compile, held against Prometheus' own rule engine on the same samples."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.backfill import backfill, running_prometheus
from monitoring.backtest import AlertReport, alerts_effect, reports
from monitoring.compile.rules import rule_groups
from monitoring.firings import Firing
from monitoring.inlining import inlined
from monitoring.prometheus import PrometheusClient
from monitoring.range_queries import RangeReader, Window
from monitoring.replay import Replayer
from monitoring.rules import read_rules
from monitoring.targets import Targets, load_targets
from tests.monitoring import rule_engine
from tests.monitoring.pipeline_history import START, STEP, grid, pipeline_history

HOURS = 6
HISTORY = pipeline_history(seed=3, hours=HOURS)
POINTS = HOURS * 3600 // STEP + 1
WINDOW = Window(START, START + HOURS * 3600, STEP)
EXTRA = [  # forms that our own rules do not need
    {"alert": "Range", "expr": 'avg_over_time(job:pipeline_items:increase5m{processing_type="full"}[30m]) < 6.5',
     "for": "5m", "keep_firing_for": "7m", "labels": {"severity": "info"}},
    {"alert": "Offset", "expr": 'pipeline:bypass_rate:ratio1h < 0.9 * pipeline:bypass_rate:ratio1h offset 1h'},
    {"alert": "Subquery", "expr": 'max_over_time(pipeline:error_rate:ratio5m[20m:2m] offset 10m) > 0.05', "keep_firing_for": "90s"},
    {"alert": "Several", "expr": 'sum by (content_type) ({__name__=~"job:pipeline_items:increase5m|job:pipeline_failures:increase5m",content_type!="x"}) > 47'},
    {"alert": "Filtered", "expr": 'pipeline:bypass_rate:ratio1h{job=""} < 0.6', "for": "1m"},
    {"alert": "Flickers", "expr": "sum by (content_type) (job:pipeline_failures:increase5m) > 5", "for": "2m", "keep_firing_for": "3m"},
]  # fmt: skip
MONITORING = """
overall_metrics:
  quality_score_avg: {window: 30m, for: 5m}
overrides:
  content_type:
    news: {bypass_rate: {warning_low: 0.55}}
"""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    folder = tmp_path_factory.mktemp("history")
    backfill(HISTORY, folder)
    with running_prometheus(folder) as url:
        yield PrometheusClient(url)


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("config") / "monitoring.yaml"
    path.write_text(MONITORING)
    return _needed([*rule_groups(load_targets(path)), {"name": "extra", "rules": EXTRA}])


def _needed(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups without recording rules that no alert needs: the engine is quicker so."""
    rules = {rule.get("record"): rule["expr"] for group in groups for rule in group["rules"]}
    open_ends = [rule["expr"] for group in groups for rule in group["rules"] if "alert" in rule]
    wanted: set[str] = set()
    while open_ends:
        text = open_ends.pop()
        found = {name for name in rules if name and name in text} - wanted
        wanted |= found
        open_ends += [rules[name] for name in found]
    return [
        {**group, "rules": [rule for rule in group["rules"] if "alert" in rule or rule["record"] in wanted]}
        for group in groups
    ]


def run(
    client: PrometheusClient, groups: list[dict[str, Any]], window: Window = WINDOW, **reading: int
) -> list[AlertReport]:
    async def replayed() -> list[AlertReport]:
        return reports(await Replayer(RangeReader(client, **reading), window).replay(read_rules(groups)))

    return asyncio.run(replayed())


@rule_engine.NEEDED
def test_every_alert_fires_exactly_when_it_does_in_prometheus(
    prometheus: PrometheusClient, groups: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = run(prometheus, groups)
    assert {report.error for report in found} == {None}
    firings = {
        (report.alert, tuple(sorted(report.labels.items()))): [_from_zero(one) for one in report.firings]
        for report in found
    }
    fired = {alert for (alert, _), of_one in firings.items() if of_one}
    assert fired >= {one["alert"] for one in EXTRA} | {"PipelineDown", "PipelineErrorBudgetBurn", "PipelineQualityScoreLow",
                     "PipelineBypassRateLow", "PipelineStalled", "PipelineMetricsDropped", "Watchdog"}  # fmt: skip
    given = [rule_engine.series(one.name, one.labels, grid(one, POINTS)) for one in HISTORY]
    tests = [rule_engine.firing_at(at, firings) for at in range(0, POINTS * STEP, STEP)]
    assert rule_engine.check(tmp_path, groups, given, STEP, tests) == ""


def _from_zero(one: Firing) -> Firing:
    return Firing(one.start - START, one.end - START, one.peak, one.ongoing, one.already)
