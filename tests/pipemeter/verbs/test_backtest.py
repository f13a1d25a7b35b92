from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from bench.backfill import backfill, running_prometheus
from pipeline.errors import ConfigError
from pipemeter.verbs.backtest import command, fitting_step
from tests.monitoring import rule_engine
from tests.monitoring.pipeline_history import START, pipeline_history
from tests.pipemeter.conftest import Finished, Pipemeter

Backtest = Callable[..., Finished]
NOWHERE = ("--prometheus", "http://127.0.0.1:9")
END = START + 6 * 3600


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("history")
    backfill(pipeline_history(seed=3), folder)
    with running_prometheus(folder) as url:
        yield url


@pytest.fixture
def backtest(pipemeter: Pipemeter, prometheus: str) -> Backtest:
    """Run `pipemeter backtest` on six hours of history with incidents."""

    def run(*arguments: str | Path) -> Finished:
        return pipemeter("backtest", "--prometheus", prometheus, "--at", str(END), *arguments)

    return run


def firings(document: dict[str, Any], severity: str) -> list[tuple[int, int]]:
    return [(one["start"], one["end"]) for r in document["alerts"] if r["severity"] == severity for one in r["firings"]]


@rule_engine.NEEDED
def test_every_firing_is_told_with_start_end_and_peak(backtest: Backtest) -> None:
    done = backtest("--window", "6h", "--step", "2m", "--json")
    assert (done.code, done.err) == (0, "")
    (document,) = done.lines()
    assert document["window"] == {"start": START, "end": END, "step": 120}
    assert {"NotificationsFailing", "RuleEvaluationFailing"} <= set(document["not_judged"])
    assert not {one["alert"] for one in document["alerts"] if one["firings"]} & set(document["not_judged"])
    down = next(one for one in document["alerts"] if one["alert"] == "PipelineDown")
    assert (down["severity"], down["labels"]) == (
        "critical", {"domain": "pipeline", "instance": "b:1", "severity": "critical"},
    )  # fmt: skip
    (firing,) = down["firings"]
    assert (firing["start"], firing["end"], firing["peak"]) == (START + 78 * 60, START + 100 * 60, 0)
    low = next(one for one in document["alerts"] if one["alert"] == "PipelineQualityScoreLow")
    assert low["firings"][0]["peak"] == pytest.approx(0.5)


@rule_engine.NEEDED
def test_another_configuration_is_compared_with_the_current_one(backtest: Backtest, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/monitoring.yaml").write_text("overall_metrics: {quality_score_avg: {critical_low: 0.55}}")
    other = tmp_path / "other.yaml"
    other.write_text("overall_metrics: {quality_score_avg: {critical_low: 0.69, warning_low: 0.70, for: 20m}}")
    asked = ("--alert", "PipelineQualityScoreLow", "--window", "6h", "--json")
    current, changed = (
        backtest(*asked).lines()[0],
        backtest(*asked, "--config", other, "--against", "current").lines()[0],
    )
    assert (current["config"], current["difference"]) == ("config/monitoring.yaml", None)
    assert (changed["config"], changed["against"]) == (str(other), "config/monitoring.yaml")
    ((before, after),), ((begun, ended),) = firings(current, "critical"), firings(changed, "critical")
    by_severity = {one["severity"]: one for one in changed["difference"]}
    critical = by_severity["critical"]
    assert critical["seconds_only_in_config"] == max(0, before - begun) + max(0, ended - after) > 0
    assert critical["seconds_in_both"] == min(after, ended) - max(before, begun)
    assert by_severity["warning"]["seconds_only_in_against"] == 600  # it waits ten minutes longer
    assert by_severity["warning"]["only_in_config"] == []


@rule_engine.NEEDED
def test_people_get_tables_a_timeline_and_what_could_not_be_said(backtest: Backtest, tmp_path: Path) -> None:
    done = backtest("--window", "6h")
    assert done.code == 0
    for said in ("Alerts that fired", "PipelineDown {instance=b:1}", "2023-11-15 01:18", "Never fired: PipelineBypassRateHigh",
                 "Not judged, no data: NotificationsFailing needs alertmanager_notifications_failed_total",
                 "Not enough data for figures a week: 6h of 6h recorded, 1d needed"):  # fmt: skip
        assert said in " ".join(done.out.split())
    (tmp_path / "same.yaml").write_text("{}")
    quiet = backtest("--alert", "PipelineBypassRateHigh", "--window", "6h", "--against", "same.yaml")
    assert "No alert fired." in quiet.out
    assert "No difference to" in quiet.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prometheus", "localhost:9090"], "has to begin with http:// or https://"),
        ([*NOWHERE, "--window", "7 days"], "'7 days': expected a duration such as 5m"),
        ([*NOWHERE, "--window", "3y"], "'3y': expected at most 400d"),
        ([*NOWHERE, "--step", "0s"], "'0s': expected at least 1s"),
        ([*NOWHERE, "--step", "2h", "--window", "1h"], "--step 2h is longer than --window 1h"),
        ([*NOWHERE, "--at", "nan"], "'nan': expected Unix seconds, or a time such as"),
        ([*NOWHERE, "--against", "current"], "--against current compares another configuration"),
        ([*NOWHERE, "--alert", "PipelineDwon"], "--alert: PipelineDwon: expected `PipelineDown`"),
        ([*NOWHERE, "--config", "bad.yaml"], "bad.yaml:1: overal_metrics"),
        ([*NOWHERE, "--config", "nowhere.yaml"], "'nowhere.yaml' does not exist"),
        ([*NOWHERE, "--against", "nowhere.yaml"], "nowhere.yaml: (file): No such file or directory"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_a_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("overal_metrics: {}")
    with pytest.raises((click.ClickException, ConfigError)) as caught:
        command.main(arguments, standalone_mode=False)
    error = caught.value
    assert said in (error.format_message() if isinstance(error, click.ClickException) else str(error))


def test_a_prometheus_that_does_not_answer_is_named_without_its_password(pipemeter: Pipemeter) -> None:
    done = pipemeter("backtest", PROMETHEUS_URL="http://user:secret@127.0.0.1:9")
    assert done.code == 1
    assert "pipemeter: Prometheus did not answer: http://127.0.0.1:9: " in done.err
    assert "secret" not in done.out + done.err


@rule_engine.NEEDED
def test_what_was_recorded_is_read_on_demand_and_what_was_not_is_said(backtest: Backtest) -> None:
    asked = ("--alert", "PipelineBypassRateLow", "--window", "6h", "--recorded")
    (document,) = backtest(*asked, "--json").lines()
    states = {one["name"]: one["reason"] for one in document["recorded"]}
    assert states["pipeline:bypass_rate:ratio1h"] == "not recorded"
    assert [one["recorded"] for one in document["alerts"]] == [[], []]
    assert "Inlined: pipeline:bypass_rate:ratio1h: not recorded" in backtest(*asked).out
    assert backtest(*asked[:-1], "--json").lines()[0]["recorded"] is None


@pytest.mark.parametrize(
    ("days", "step"), [(1 / 24, 60), (7, 60), (7.01, 120), (30, 300), (90, 900), (270, 3600), (400, 3600)]
)
def test_a_longer_window_is_evaluated_in_longer_steps_unless_somebody_says_so(days: float, step: int) -> None:
    assert fitting_step(round(days * 86_400)) == step


@rule_engine.NEEDED
def test_the_step_that_was_used_is_said(backtest: Backtest) -> None:
    asked = ("--alert", "Watchdog", "--window", "30d")
    assert "evaluated every 5m" in " ".join(backtest(*asked).out.split())
    assert backtest(*asked, "--step", "1h", "--json").lines()[0]["window"]["step"] == 3600


@rule_engine.NEEDED
def test_the_output_is_plain_json_on_standard_output(backtest: Backtest) -> None:
    assert json.loads(backtest("--alert", "Watchdog", "--window", "1h", "--json").out)["alerts"][0]["firings"] == [
        {"start": END - 3600, "end": END, "peak": 1, "ongoing": True, "already": True}
    ]
