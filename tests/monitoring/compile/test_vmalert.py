"""What is compiled for vmalert: it takes the files, and fires what Prometheus would fire."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml

from monitoring.alerts.plan import plan_of
from monitoring.compile.vmalert import vmalert_files
from monitoring.compile.vocabulary import Vocabulary
from monitoring.targets.targets import Targets
from tests.monitoring.alertmanager_server import binary, eventually, free_port

NEEDED = pytest.mark.skipif(  # in CI a missing server is a failure, not a skip
    (binary("vmalert") is None or binary("victoria-metrics") is None) and "CI" not in os.environ,
    reason="Debian's package victoria-metrics is not installed",
)
HOUR = 3600


def bands(**fields: object) -> Targets:
    """Targets whose bands all have these fields."""
    return Targets(bands={name: msgspec.structs.replace(b, **fields) for name, b in Targets().bands.items()})


def test_the_rules_are_those_of_prometheus_except_the_one_that_watches_the_evaluation() -> None:
    ours = [yaml.safe_load(text)["groups"] for text in vmalert_files(plan_of(Targets())).values()]
    theirs = list(plan_of(Targets()).files.values())
    changed = []
    for group, other in zip(chain(*ours), chain(*theirs), strict=True):
        assert group["name"] == other["name"]
        changed += [mine for mine, rule in zip(group["rules"], other["rules"], strict=True) if mine != rule]
    assert [rule["alert"] for rule in changed] == ["RuleEvaluationFailing"]
    assert changed[0]["expr"] == "sum (increase(vmalert_execution_errors_total[5m])) > 0"
    assert "Prometheus" not in changed[0]["annotations"]["summary"] + changed[0]["annotations"]["description"]


def test_keep_firing_for_is_left_out_where_vmalert_refuses_it_and_that_is_said() -> None:
    old, new = (
        vmalert_files(plan_of(bands(cooldown_minutes=30)), version=v)["vmalert/alerts-pipeline.yaml"]
        for v in ((1, 91), (1, 92))
    )
    assert "keep_firing_for: 30m" in new
    assert "keep_firing_for: 30m" not in old
    assert re.search(r"^# vmalert 1\.91 knows no keep_firing_for: left out of .*PipelineBypassRateLow", old, re.M)
    assert "knows no" not in vmalert_files(plan_of(Targets()))["vmalert/alerts-pipeline.yaml"]
    with pytest.raises(ValueError, match=r"vmalert 1\.78: expected 1\.79 or newer"):
        vmalert_files(plan_of(Targets()), version=(1, 78))


@NEEDED
@pytest.mark.parametrize(
    "targets", [Targets(), bands(cooldown_minutes=30, warning_low=0.2)], ids=["defaults", "others"]
)
def test_vmalert_takes_every_file_with_its_templates(tmp_path: Path, targets: Targets) -> None:
    said = subprocess.run(
        ["vmalert", "-dryRun", f"-rule={write(tmp_path, targets)}/*.yaml"], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr


def write(folder: Path, targets: Targets) -> Path:
    for path, text in vmalert_files(plan_of(targets)).items():
        (folder / Path(path).name).write_text(text)
    return folder


# --- with VictoriaMetrics


def history(now: float) -> str:
    """Two hours of a pipeline that skips a fifth of its items, fails one in six, and keeps its quality."""
    labels = 'job="pipeline",instance="a:8000",content_type="news",config_version="v"'
    lines = []
    for minute in range(121):
        at = round((now - 2 * HOUR + 60 * minute) * 1000)
        samples = {
            f'pipeline_items_total{{{labels},processing_type="full"}}': 8 * minute,
            f'pipeline_items_total{{{labels},processing_type="lightweight"}}': 2 * minute,
            f'pipeline_failures_total{{{labels},pipeline_stage="download",error_type="timeout"}}': 2 * minute,
            f'pipeline_quality_score_sum{{{labels},processing_type="full",dimension="overall"}}': 8 * 0.81 * minute,
            f'pipeline_quality_score_count{{{labels},processing_type="full",dimension="overall"}}': 8 * minute,
            'up{job="pipeline",instance="a:8000"}': 1,
        }
        lines += [f"{series} {value} {at}" for series, value in samples.items()]
    return "\n".join(lines) + "\n"


@contextmanager
def process(folder: Path, *command: str) -> Iterator[None]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            running.terminate()
            running.wait(20)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.HTTPError:
        return False


@NEEDED
def test_over_victoriametrics_it_fires_what_is_out_of_its_bands_and_nothing_else(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    write(rules, bands(for_seconds=0))
    database, alerting = (f"127.0.0.1:{free_port()}" for _ in range(2))
    server = (
        "victoria-metrics",
        f"-httpListenAddr={database}",
        f"-storageDataPath={tmp_path}/data",
        "-search.latencyOffset=0s",
    )
    evaluator = ("vmalert", f"-rule={rules}/*.yaml", f"-httpListenAddr={alerting}", f"-datasource.url=http://{database}",
                 f"-remoteWrite.url=http://{database}", "-notifier.url=http://127.0.0.1:9", "-evaluationInterval=2s",
                 "-remoteWrite.flushInterval=500ms", "-datasource.queryStep=5m")  # fmt: skip
    with process(tmp_path, *server):
        eventually(lambda: answers(f"http://{database}"), what="the start of VictoriaMetrics")
        httpx.post(f"http://{database}/api/v1/import/prometheus", content=history(time.time())).raise_for_status()
        with process(tmp_path, *evaluator), httpx.Client(base_url=f"http://{alerting}", timeout=20) as client:
            eventually(lambda: answers(f"http://{alerting}"), what="the start of vmalert")

            def firing() -> set[tuple[str, str]]:
                alerts = client.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"] or []
                found = [a["labels"] | {"alertname": a["name"]} for a in alerts if a["state"] == "firing"]
                return {(a["alertname"], a.get("burnrate_tier") or a["severity"]) for a in found}

            wanted = {("PipelineBypassRateLow", "critical"), ("PipelineBypassRateLow", "warning"), ("PipelineEarlyExitShareLow", "warning"),
                      ("PipelineErrorBudgetBurn", "fast"), ("PipelineErrorBudgetBurn", "medium"), ("PipelineErrorBudgetBurn", "slow"),
                      ("PipelineErrorBudgetBurn", "long"), ("Watchdog", "none")}  # fmt: skip
            eventually(lambda: wanted <= firing(), 60, "the firing of every alert")
            assert firing() == wanted
            texts = [a["annotations"]["description"] for a in client.get("/api/v1/alerts").json()["data"]["alerts"]
                     if a["labels"].get("burnrate_tier") == "fast"]  # fmt: skip
            assert re.search(
                r"16\.67% of the items were bad.* the 30d error budget of 1% lasts 1d 19h 12m", texts[0]
            ), texts
            assert "vmalert_execution_errors_total 0" in client.get("/metrics").text


def test_the_metric_that_stands_for_failing_evaluations_is_the_only_one_outside_the_vocabulary() -> None:
    groups = [group for text in vmalert_files(plan_of(Targets())).values() for group in yaml.safe_load(text)["groups"]]
    vocabulary = Vocabulary(groups)
    found = {p for group in groups for rule in group["rules"] for p in vocabulary.check_expression(rule["expr"])}
    assert found == {"no such metric: vmalert_execution_errors_total"}
