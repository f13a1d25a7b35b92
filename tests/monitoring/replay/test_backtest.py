"""Backtests of the rules we compile, held against Prometheus' own rule engine on the same samples."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from bench.backfill import MISSING, Series, backfill, running_prometheus, running_victoria
from bench.remote_write import RECEIVER, remote_write
from monitoring.alerts.plan import plan_of
from monitoring.domains.band import Bands
from monitoring.promql.inlining import inlined
from monitoring.promql.rule_files import RecordingRule, read_rules
from monitoring.replay.backtest import AlertReport, Effect, alerts_effect, differences, flapping, per_week, reports
from monitoring.replay.firings import Firing
from monitoring.replay.replayer import Replayer
from monitoring.servers.prometheus import PrometheusClient
from monitoring.servers.range_queries import RangeReader, Window
from monitoring.targets.targets import Targets, load_targets
from tests.monitoring import rule_engine
from tests.monitoring.pipeline_history import START, STEP, grid, pipeline_history

Groups = list[dict[str, Any]]
HOURS = 6
HISTORY = pipeline_history(seed=3, hours=HOURS)
POINTS = HOURS * 3600 // STEP + 1
WINDOW = Window(START, START + HOURS * 3600, STEP)
GAP = (100, 120)  # evaluations at which nothing was recorded
STALE = 0x7FF0000000000002  # the bits that mean "this series has ended"
EXTRA: list[dict[str, Any]] = [  # forms that our own rules do not need
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
def groups(tmp_path_factory: pytest.TempPathFactory) -> Groups:
    path = tmp_path_factory.mktemp("config") / "monitoring.yaml"
    path.write_text(MONITORING)
    return _needed([*plan_of(load_targets(path)).groups, {"name": "extra", "rules": EXTRA}])


def _needed(groups: Groups) -> Groups:
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


@pytest.fixture(scope="module")
def with_rules(
    prometheus: PrometheusClient, groups: Groups, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusClient]:
    """The same history in a Prometheus that evaluated the rules all the time, apart from forty minutes."""
    recording = read_rules(groups).recording

    async def recorded() -> list[Series]:
        return [one for rule in recording for one in await _recorded(prometheus, rule, recording)]

    folder = tmp_path_factory.mktemp("with_rules")
    with running_prometheus(folder, [RECEIVER]) as url:
        remote_write(url, [*HISTORY, *asyncio.run(recorded())])
        yield PrometheusClient(url)


async def _recorded(
    prometheus: PrometheusClient, rule: RecordingRule, recording: tuple[RecordingRule, ...]
) -> list[Series]:
    """Return what a rule records at every step but those of the gap, with the marks of series that end."""
    found = await prometheus.query_range(inlined(rule.expression, recording, interval=STEP), START, WINDOW.end, STEP)
    made = []
    for one in found:
        values: dict[int, float | None] = {round(at - START) // STEP: value for at, value in one.points}
        values |= {index + 1: None for index in values if index + 1 not in values and index + 1 < POINTS}
        kept = sorted(index for index in values if not GAP[0] <= index < GAP[1])
        numbers = np.array([values[index] or 0.0 for index in kept])
        numbers.view(np.uint64)[[values[index] is None for index in kept]] = STALE
        labels = {name: value for name, value in one.labels.items() if name != "__name__"} | rule.labels
        made.append(Series(rule.name, labels, START + STEP * np.array(kept, dtype=np.float64), numbers))
    return made


def run(
    client: PrometheusClient,
    groups: Groups,
    *names: str,
    window: Window = WINDOW,
    points: int = 5000,
    piece: int = 1440,
    recorded: bool = False,
) -> list[AlertReport]:
    """Replay the alerts of some names, or all."""
    rules = read_rules(groups)
    kept = tuple(rule for rule in rules.alerting if not names or rule.name in names)
    rules = msgspec.structs.replace(rules, alerting=kept)

    async def replayed() -> list[AlertReport]:
        replayer = Replayer(RangeReader(client, points=points), window, piece=piece)
        known = await replayer.recorded(rules) if recorded else []
        return reports(await replayer.replay(rules, None, known))

    return asyncio.run(replayed())


@rule_engine.NEEDED
def test_every_alert_fires_exactly_when_it_does_in_prometheus(
    prometheus: PrometheusClient, groups: Groups, tmp_path: Path
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


@rule_engine.NEEDED
def test_a_window_read_in_many_small_pieces_gives_the_same(prometheus: PrometheusClient, groups: Groups) -> None:
    names = ("PipelineErrorBudgetBurn", "Flickers", "PipelineDown", "Range")
    small = run(prometheus, groups, *names, points=61, piece=70)
    large = run(prometheus, groups, *names, points=5000, piece=1440)
    assert [_rounded(one) for one in small] == [_rounded(one) for one in large]


@rule_engine.NEEDED
def test_what_was_recorded_gives_the_same_firings_and_gaps_in_it_are_filled_in(
    prometheus: PrometheusClient, with_rules: PrometheusClient, groups: Groups
) -> None:
    found = run(with_rules, groups, piece=30, recorded=True)
    assert [_rounded(msgspec.structs.replace(one, recorded=())) for one in found] == [
        _rounded(one) for one in run(prometheus, groups)
    ]
    read: dict[str, set[str]] = {}
    for one in found:
        read.setdefault(one.alert, set()).update(one.recorded)
    assert read["PipelineErrorBudgetBurn"] >= {"pipeline:error_rate:ratio2h", "pipeline:error_rate:volume1h"}
    assert read["Flickers"] == read["Range"] == set()  # a range needs what was recorded before the window


@rule_engine.NEEDED
@pytest.mark.skipif(MISSING["victoria-metrics"], reason="victoria-metrics is not installed")
def test_victoria_metrics_gives_the_same_to_a_step(
    prometheus: PrometheusClient, groups: Groups, tmp_path: Path
) -> None:
    """Its ranges leave out their first moment and its increases are not extrapolated."""
    names = ("PipelineDown", "PipelineErrorBudgetBurn", "PipelineQualityScoreLow", "PipelineStalled", "Watchdog")
    expected = run(prometheus, groups, *names)
    with running_victoria(tmp_path, HISTORY) as url:
        found = run(PrometheusClient(url), groups, *names)
    assert [(one.alert, one.labels) for one in found] == [(one.alert, one.labels) for one in expected]
    edges, wanted = ([(f.start, f.end) for one in of_one for f in one.firings] for of_one in (found, expected))
    assert len(edges) >= 8
    assert np.abs(np.array(edges) - np.array(wanted)).max() <= STEP


@rule_engine.NEEDED
def test_what_fired_before_the_window_is_cut_off_at_its_start(prometheus: PrometheusClient, groups: Groups) -> None:
    def fired(window: Window) -> list[Firing]:
        return _of(run(prometheus, groups, "PipelineQualityScoreLow", window=window), "critical")

    whole = fired(WINDOW)
    begun = int(whole[0].start) + 4 * STEP
    later = fired(Window(begun, WINDOW.end, STEP))
    assert [(one.start, one.end, one.already) for one in later] == [(begun, whole[0].end, True)]
    assert fired(Window(int(whole[0].end), WINDOW.end, STEP)) == []
    assert fired(Window(int(whole[0].start), WINDOW.end, STEP)) == whole


@rule_engine.NEEDED
def test_an_alert_whose_series_nobody_recorded_is_not_judged(prometheus: PrometheusClient, groups: Groups) -> None:
    found = {
        report.alert: report for report in run(prometheus, groups, "NotificationsFailing", "PipelineEarlyExitShareHigh")
    }
    unknown = found["NotificationsFailing"]
    assert (unknown.judged, unknown.firings, unknown.firings_per_week) == (False, (), None)
    assert unknown.missing == ("alertmanager_notifications_failed_total",)
    quiet = found["PipelineEarlyExitShareHigh"]
    assert (quiet.judged, quiet.firings, quiet.missing, quiet.observed_seconds) == (True, (), (), HOURS * 3600)


@rule_engine.NEEDED
def test_what_is_absent_before_the_first_sample_does_not_fire(prometheus: PrometheusClient, groups: Groups) -> None:
    long = Window(WINDOW.start - 7 * 86_400, WINDOW.end + 3600, STEP)
    found = run(prometheus, groups, "PipelineDown", window=long)
    assert {
        report.labels.get("instance"): [(one.start, one.ongoing) for one in report.firings] for report in found
    } == {
        "b:1": [(START + 78 * 60, False)],
        None: [(WINDOW.end + 300 + STEP // 2 + 120, True)],  # absent once the last sample is 5 minutes old, for 2m
    }
    assert {report.firings_per_week for report in found} == {None}  # a quarter of a day is no base for a week
    assert found[0].observed_seconds == pytest.approx(HOURS * 3600, abs=600)


@rule_engine.NEEDED
def test_a_rule_that_the_server_refuses_is_reported_and_the_others_are_replayed(prometheus: PrometheusClient) -> None:
    rules = [
        {"alert": "Broken", "expr": 'label_replace(up, "a", "b", "c", "(") > 0'},
        {
            "alert": "Doubled",
            "expr": "label_replace(up, 'of', '1', 'instance', 'a:1') > 0",
            "labels": {"instance": "", "of": ""},
        },
        {"alert": "Fine", "expr": "min(up) == 0"},
    ]
    broken, doubled, fine = run(prometheus, [{"name": "g", "rules": rules}])
    assert "regular expression" in (broken.error or "")
    assert "two results have the same labels" in (doubled.error or "")
    assert [(one.start, one.end, one.peak) for one in fine.firings] == [(START + 76 * 60, START + 100 * 60, 0)]


@rule_engine.NEEDED
def test_the_effect_on_alerts_counts_the_firings_of_each_variant(prometheus: PrometheusClient) -> None:
    loose = Targets(bands={**Targets().bands, "quality_score_avg": Bands(warning_low=0.3, critical_low=0.2)})

    async def effects() -> list[dict[tuple[str, str], Effect]]:
        replayer = Replayer(RangeReader(prometheus), WINDOW)
        names = ["PipelineQualityScoreLow", "NotificationsFailing"]
        return [await alerts_effect(replayer, plan_of(targets).groups, names) for targets in (Targets(), loose)]

    now, then = asyncio.run(effects())
    key = ("PipelineQualityScoreLow", "warning")
    assert (now[key].firings, now[key].judged, now[key].firings_per_week) == (1, True, None)
    assert now[key].seconds_firing > 1800
    assert then[key] == Effect(0, None, 0, True)
    assert now[("NotificationsFailing", "critical")] == Effect(0, None, 0, False)
    assert len(now) == 3


def _rounded(one: AlertReport) -> AlertReport:
    """Sums of floats depend on their order, which is not the same in every query."""
    firings = tuple(msgspec.structs.replace(f, peak=None if f.peak is None else round(f.peak, 9)) for f in one.firings)
    return msgspec.structs.replace(one, firings=firings)


def _of(found: list[AlertReport], severity: str) -> list[Firing]:
    return [one for report in found if report.severity == severity for one in report.firings]


def report(*firings: Firing, alert: str = "X", error: str | None = None) -> AlertReport:
    return AlertReport(alert, "info", {"a": "1"}, firings, error=error)


def test_a_firing_within_half_an_hour_of_the_end_of_the_one_before_is_flapping() -> None:
    firings = [Firing(0, 60, 1), Firing(1860, 2000, 1), Firing(3801, 3900, 1), Firing(3960, 4020, 1)]
    assert flapping(firings) == 2
    assert flapping([]) == 0


def test_firings_a_week_need_a_day_of_history() -> None:
    assert per_week(3, 2 * 604_800) == 1.5
    assert per_week(3, 86_399) is None


def test_a_difference_counts_seconds_and_the_firings_that_meet_none() -> None:
    early, late, longer = Firing(0, 100, 1), Firing(1000, 1100, 1), Firing(950, 1060, 1)
    (found,) = differences([report(early, late)], [report(longer)])
    assert (found.only_in_config, found.only_in_against) == ((early,), ())
    assert (found.seconds_in_both, found.seconds_only_in_config, found.seconds_only_in_against) == (60, 140, 50)


def test_an_alert_that_only_one_configuration_has_differs_by_all_it_fired() -> None:
    (found,) = differences([report()], [report(), report(Firing(5, 12, 1), alert="Y")])
    assert (found.alert, found.only_in_against, found.seconds_only_in_against) == ("Y", (Firing(5, 12, 1),), 7)


def test_equal_firings_and_those_of_alerts_with_errors_are_no_difference() -> None:
    now = Firing(7, 7, 1, ongoing=True)
    assert differences([report(now)], [report(now)]) == []
    assert differences([report(Firing(0, 9, 1))], [report(error="refused")]) == []
