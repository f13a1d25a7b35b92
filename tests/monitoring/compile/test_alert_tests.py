"""`pipemeter compile`: what it writes, that promtool agrees, and that every generated case can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from monitoring.alerts.alert import Alert, Record, alerts_of
from monitoring.alerts.plan import plan_of
from monitoring.alerts.recording_rules import recording_files
from monitoring.alerts.rule_groups import alert_rule, dump
from monitoring.compile.alert_tests import alert_tests, cases_of, step_of
from monitoring.compile.output import Difference, compile_all, differences, write
from monitoring.compile.routing.config import templates
from monitoring.compile.routing.message_names import dead_names
from monitoring.compile.vocabulary import Vocabulary, check_groups
from monitoring.domains.band import Bands
from monitoring.targets.links import Links
from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration, parse_duration
from pipeline.errors import ConfigError

NEEDED = pytest.mark.skipif(  # in CI a missing program is a failure, not a skip
    shutil.which("promtool") is None and "CI" not in os.environ, reason="Debian's package prometheus is not installed"
)
ALERTS = alerts_of(Targets())
_IDS = [" ".join((a.name, *a.all_labels.values())) for a in ALERTS]


def promtool(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)


# --- the output --------------------------------------------------------------------------------------------------


def test_the_same_targets_give_the_same_bytes_and_no_date() -> None:
    once, twice = compile_all(Targets()), compile_all(Targets())
    assert once == twice
    assert not re.search(r"\b20\d\d-\d\d", "".join(once.files.values()).replace("2006-01-02", ""))


def test_every_alert_has_a_test_a_runbook_and_a_rule() -> None:
    files = compile_all(Targets()).files
    for alert in ALERTS:
        assert f"docs/runbooks/{alert.name}.md" in files
        assert any(path.startswith(f"alert_rules/tests/{alert.name}") for path in files)
        assert f"alert: {alert.name}\n" in files[f"alert_rules/{alert.domain}.yaml"]


def test_groups_carry_no_interval_and_stand_in_files_that_say_where_they_come_from() -> None:
    files = compile_all(Targets()).files
    for path in (p for p in files if p.startswith(("alert_rules/", "prometheus/"))):
        assert files[path].startswith("# Compiled by `pipemeter compile` from config/monitoring.yaml. DO NOT EDIT.\n")
        assert not [g for g in yaml.safe_load(files[path]).get("groups", []) if "interval" in g]


def test_recorded_names_have_three_parts_and_are_unique() -> None:
    names = [rule["record"] for group in plan_of(Targets()).groups for rule in group["rules"] if "record" in rule]
    assert all(re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", name) for name in names)
    assert len(names) - names.count("slo:error_budget_remaining:ratio") == len(set(names)) - 1


def test_what_is_edited_missing_or_left_over_is_found_and_mended(tmp_path: Path) -> None:
    files = {"alert_rules/a.yaml": "# Compiled by `pipemeter compile`\n1\n", "prometheus/rules/b.yaml": "2\n"}
    assert [c.state for c in write(files, tmp_path)] == ["missing", "missing"]
    assert not differences(files, tmp_path)
    (tmp_path / "alert_rules/a.yaml").write_text("edited")
    (tmp_path / "prometheus/rules/b.yaml").unlink()
    (tmp_path / "alert_rules/old.yaml").write_text("# Compiled by `pipemeter compile` from x\n")
    (tmp_path / "alert_rules/mine.yaml").write_text("groups: []\n")
    (tmp_path / "alertmanager").mkdir()
    (tmp_path / "alertmanager/of-others.yml").write_text("not in a folder that is filled")
    assert differences(files, tmp_path) == [
        Difference("alert_rules/a.yaml", "edited"),
        Difference("prometheus/rules/b.yaml", "missing"),
        Difference("alert_rules/mine.yaml", "foreign"),
        Difference("alert_rules/old.yaml", "left over"),
    ]
    write(files, tmp_path)
    assert differences(files, tmp_path) == [Difference("alert_rules/mine.yaml", "foreign")]
    assert sorted(path.name for path in (tmp_path / "alert_rules").iterdir()) == ["a.yaml", "mine.yaml"]


def test_a_prometheus_too_old_for_the_rules_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match=r"2\.41: expected 2\.42 or newer, because rules may need keep_firing_for"):
        compile_all(Targets(), prometheus=(2, 41))


def test_a_derived_burn_rate_and_a_waiting_section_are_said() -> None:
    targets = Targets(slos=(Slo("low", "error_rate", 0.85),), waiting=("cache_metrics.hit_rate",))
    notes = "\n".join(compile_all(targets).notes)
    assert (
        "slos.low: with an objective of 0.85 a burn rate of 14.4 needs 216% bad events; burn rates derived: fast 6,"
        in notes
    )
    assert "cache_metrics.hit_rate: no effect yet" in notes
    assert "slos: a list counts as a whole, and the built-in objective availability is not in it" in notes


def test_nothing_is_noted_of_the_built_in_objectives() -> None:
    assert compile_all(Targets()).notes == ()


# --- dead-rule-proof ---------------------------------------------------------------------------------------------


def test_the_default_rules_name_only_what_exists() -> None:
    assert check_groups(plan_of(Targets()).groups) == []


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("rate(pipeline_itmes_total[5m])", "no such metric: pipeline_itmes_total"),
        ("pipeline_items_total{stage='x'}", "pipeline_items_total has no label 'stage'"),
        ("pipeline_items_total{processing_type='ful'}", "processing_type is never 'ful'"),
        ("pipeline_items_total{processing_type=~'full|lite'}", "processing_type is never 'lite'"),
        ("pipeline_items_total{content_type!='sport'}", "content_type is never 'sport'"),
        ("sum by (checkpoint) (pipeline_items_total)", "groups by 'checkpoint', which nothing in it has"),
        ("pipeline_items_total * on (slo) pipeline_items_total", "matches on 'slo', which nothing in it has"),
        ("pipeline_quality_margin_ratio_sum", "no such metric: pipeline_quality_margin_ratio_sum"),
        ("pipeline_quality_score_bucket{le='0.71'}", "le is never '0.71'"),
        ("pipeline:bypass_rate:ratio7m", "no such metric: pipeline:bypass_rate:ratio7m"),
        ("job:pipeline_items:increase1h{dimension='overall'}", "has no label 'dimension'"),
        ("pipeline:bypass_rate:ratio1h{content_type='news'}", "has no label 'content_type'"),
        ("{__name__=~'pipeline_items_total|pipeline_item'}", "no such metric: pipeline_item"),
        ("{job='pipeline'}", "selects series without a name"),
        ("sum(", "does not parse"),
    ],
)  # fmt: skip
def test_an_expression_that_names_what_nobody_exposes_is_refused(expression: str, problem: str) -> None:
    vocabulary = Vocabulary(plan_of(Targets()).groups)
    assert any(problem in found for found in vocabulary.check_expression(expression))


def test_a_template_may_only_name_labels_of_its_alert_and_metrics_that_exist() -> None:
    vocabulary = Vocabulary()
    assert vocabulary.check_template('{{ $labels.instance }} {{ query "up" }}', ["instance"]) == []
    assert "content_type" in vocabulary.check_template("{{ $labels.content_type }}", ["instance"])[0]
    assert "no such metric: upp" in vocabulary.check_template('{{ with query "upp == 1" }}{{ end }}', [])[0]


def test_a_message_may_only_name_labels_and_annotations_that_alerts_have() -> None:
    groups = plan_of(Targets()).groups
    text = "{{ .CommonLabels.severty }} {{ .Annotations.sumary }} {{ .Labels.integration }} {{ .Labels.SortedPairs }}"
    severity, summary = dead_names({"x.tmpl": text}, groups, Vocabulary(groups))
    assert severity.startswith("x.tmpl: names .CommonLabels.severty, which no alert has: `severity`")
    assert summary.startswith("x.tmpl: names .Annotations.sumary, which no alert has: `summary`")
    assert not dead_names(templates(Links()), groups, Vocabulary(groups))


# --- the generated cases, in the real promtool -------------------------------------------------------------------


@NEEDED
def test_cases_hold_for_other_targets_too(tmp_path: Path) -> None:
    targets = Targets(
        bands={
            **Targets().bands,
            "bypass_rate": Bands(
                target=0.3, warning_low=0.2, critical_high=0.77, window=1800, for_seconds=0, min_items=3
            ),
            "error_rate": Bands(target=0.01, warning_high=0.05, critical_high=0.1, for_seconds=300),
            "item_duration_p95_seconds": Bands(warning_high=60.0, critical_high=300.0),
            "early_exit_share": Bands(enabled=False, warning_low=0.1),
            "time_savings": Bands(warning_low=0.6, cooldown_minutes=20),
        },
        overrides={
            "news": {"quality_score_avg": Bands(warning_low=0.72, window=7200)},
            "discussion": {"quality_score_avg": Bands(warning_low=0.8, critical_low=0.5)},
        },
        slos=(Slo("saved", "time_savings", 0.80, min_items=50, window=3 * 86_400),),
    )
    paths = _written(tmp_path, targets)
    names = {path.stem.split("-")[0] for path in paths}
    assert not _failing(paths)
    assert {"PipelineBypassRateHigh", "PipelineErrorRateHigh", "PipelineItemDurationHigh"} <= names
    assert "PipelineEarlyExitShareLow" not in names


@NEEDED
def test_cases_hold_for_thresholds_at_the_ends_of_their_range(tmp_path: Path) -> None:
    bands = {
        "bypass_rate": Bands(warning_high=0.99),
        "quality_score_avg": Bands(critical_low=0.01),
        "error_rate": Bands(warning_high=0.0),
        "item_duration_p95_seconds": Bands(warning_high=1800.0),
    }
    slos = (Slo("nearly", "error_rate", 0.9306), Slo("seen", "availability", 0.99, min_items=60))
    paths = _written(tmp_path, Targets(bands=dict.fromkeys(Targets().bands, Bands()) | bands, slos=slos))
    names = {f"Pipeline{name}" for name in ("BypassRateHigh", "QualityScoreLow", "ErrorRateHigh", "ItemDurationHigh")}
    chosen = [path for path in paths if path.stem in names or path.stem.endswith("-nearly-fast")]
    assert len(chosen) == 5
    assert not _failing(chosen)


@NEEDED
def test_no_two_rules_look_the_same_to_promtool(tmp_path: Path) -> None:
    bands = {"quality_score_avg": Bands(warning_low=0.72)}
    _written(tmp_path, Targets(overrides={"news": bands, "discussion": bands}))
    rules = sorted(tmp_path.glob("*_rules/*.yaml"))
    done = subprocess.run(["promtool", "check", "rules", *rules], capture_output=True, text=True, check=False)
    assert (done.returncode, "duplicate" in done.stdout + done.stderr) == (0, False)


def _failing(paths: list[Path]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return [done.stdout for done in pool.map(promtool, paths) if done.returncode]


def _written(folder: Path, targets: Targets) -> list[Path]:
    texts = {path: dump({"groups": groups}) for path, groups in plan_of(targets).files.items()}
    tests = {path: dump(document) for path, document in alert_tests(plan_of(targets)).items()}
    write(texts | tests, folder)
    return [folder / path for path in tests]


class Mutant(msgspec.Struct):
    """An alert that was changed, and how."""

    alert: Alert
    how: str


def mutants(alert: Alert) -> Iterator[Mutant]:
    """Change the threshold, the comparison, the window or the duration of one alert."""
    expr = alert.expr
    for found in re.finditer(r"([<>=]+) (\d[\d.]*)", expr):
        factors = (0.5, 2) if found[1] == ">=" else (0.94, 1.06)  # `min_items` is a guard, not a threshold
        for factor in factors if float(found[2]) else ():
            changed = f"{expr[: found.start(2)]}{float(found[2]) * factor:g}{expr[found.end(2) :]}"
            yield Mutant(msgspec.structs.replace(alert, expr=changed), f"{found[2]} at {found.start(2)} * {factor}")
    for found in re.finditer(r" (<|>=|>|==) ", expr):
        other = {"<": ">", ">": "<", ">=": "<", "==": "!="}[found[1]]
        changed = f"{expr[: found.start()]} {other} {expr[found.end() :]}"
        yield Mutant(msgspec.structs.replace(alert, expr=changed), f"{found[1]} became {other}")
    for window in dict.fromkeys(re.findall(r"(?<=[a-z])\d+[smhd]\b|(?<=\[)\d+[smhd](?=\])", expr)):
        for factor in (0.5, 2):
            other = format_duration(int(parse_duration(window) * factor))
            changed = re.sub(rf"(?<=[a-z\[]){window}\b", other, expr)
            records = tuple(
                Record(r.signal, parse_duration(other) if r.window == parse_duration(window) else r.window, r.by)
                for r in alert.records
            )
            yield Mutant(msgspec.structs.replace(alert, expr=changed, records=records), f"{window} became {other}")
    if alert.for_seconds:
        for factor in (0.5, 2):
            seconds = int(alert.for_seconds * factor)
            yield Mutant(msgspec.structs.replace(alert, for_seconds=seconds), f"for became {seconds} s")


@NEEDED
@pytest.mark.parametrize("alert", [a for a in ALERTS if a.name != "Watchdog"], ids=_IDS[:-1])
def test_a_changed_rule_fails_at_least_one_of_its_cases(alert: Alert, tmp_path: Path) -> None:
    same = [other for other in ALERTS if other.name == alert.name and other is alert]
    cases = cases_of(alert, same, Targets())
    assert _fails(alert, alert, cases, tmp_path / "as it is") is None
    found = list(mutants(alert))
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda m: _fails(m[1].alert, alert, cases, tmp_path / str(m[0])), enumerate(found))
        survivors = [mutant.how for mutant, failure in zip(found, said, strict=True) if failure is None]
    assert len(found) >= 2
    assert not survivors


def _fails(changed: Alert, original: Alert, cases: list[dict[str, Any]], folder: Path) -> str | None:
    """Run an alert's cases against a changed rule that stands alone; return what promtool said if they failed."""
    folder.mkdir()
    recorded = [group for groups in recording_files(Targets(), [original, changed]).values() for group in groups]
    rules = _reached(changed.expr, [rule for group in recorded for rule in group["rules"]])
    groups = [{"name": "recorded", "rules": rules}, {"name": "alerts", "rules": [alert_rule(changed, Targets())]}]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [group for group in groups if group["rules"]]}))
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": format_duration(step_of(original)),
        "group_eval_order": ["recorded", "alerts"] if rules else ["alerts"],
        "tests": cases,
    }
    (folder / "tests.yaml").write_text(yaml.safe_dump(document))
    done = promtool(folder / "tests.yaml")
    return done.stdout + done.stderr if done.returncode else None


def _reached(expr: str, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules that an expression reads, directly or through others, in their order."""
    wanted: set[str] = set()
    texts = [expr]
    while texts:
        text = texts.pop()
        new = {r["record"] for r in rules if r["record"] in text} - wanted
        wanted |= new
        texts += [r["expr"] for r in rules if r["record"] in new]
    return [rule for rule in rules if rule["record"] in wanted]
