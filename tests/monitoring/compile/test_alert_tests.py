"""The generated cases, in the real promtool: all hold, and every one of them can fail."""

from __future__ import annotations

import json
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
from monitoring.compile.alert_tests import Document, alert_tests, cases_of, step_of
from monitoring.compile.output import write
from monitoring.domains.band import Bands
from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration, parse_duration

NEEDED = pytest.mark.skipif(  # in CI a missing program is a failure, not a skip
    shutil.which("promtool") is None and "CI" not in os.environ, reason="Debian's package prometheus is not installed"
)
ALERTS = alerts_of(Targets())
_IDS = [" ".join((a.name, *a.all_labels.values())) for a in ALERTS]


def promtool(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)


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
    usual = [document["tests"] for document in alert_tests(plan_of(Targets())).values()]  # `make check` runs them
    others = [path for path in paths if yaml.safe_load(path.read_text())["tests"] not in usual]
    assert len(others) == 10
    assert not _failing(others)
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
    found = list(mutants(alert))
    caught = _caught([alert, *(mutant.alert for mutant in found)], cases_of(alert, [alert], Targets()), tmp_path)
    assert len(found) >= 2
    assert 0 not in caught  # as it is
    assert not [mutant.how for number, mutant in enumerate(found, start=1) if number not in caught]


def _caught(variants: list[Alert], cases: list[Document], folder: Path) -> set[int]:
    """Return the numbers of the variants for which a case of the first one fails.

    All of them are evaluated side by side, each under a name of its own: what they read is then recorded once.
    """
    recorded = [rule for groups in recording_files(Targets(), variants).values() for g in groups for rule in g["rules"]]
    rules = _reached(" ".join(variant.expr for variant in variants), recorded)
    alerts = [alert_rule(variant, Targets()) | {"alert": f"Variant{n}"} for n, variant in enumerate(variants)]
    groups = [{"name": "recorded", "rules": rules}, {"name": "alerts", "rules": alerts}]
    (folder / "rules.json").write_text(json.dumps({"groups": [group for group in groups if group["rules"]]}))
    document = {
        "rule_files": ["rules.json"],
        "evaluation_interval": format_duration(step_of(variants[0])),
        "group_eval_order": ["recorded", "alerts"] if rules else ["alerts"],
        "tests": [_of_each(case, variants) for case in cases],
    }
    (folder / "tests.json").write_text(json.dumps(document))
    done = promtool(folder / "tests.json")
    said = re.findall(r'(?:alertname: |alertname=\\?")Variant(\d+)', done.stdout + done.stderr)
    failed = {int(number) for number in said}
    assert (done.returncode == 0) == (not failed), done.stdout + done.stderr  # it was not understood
    return failed


def _of_each(case: Document, variants: list[Alert]) -> Document:
    """Return a case that expects of every variant what it expected of the alert."""
    names, name = [f"Variant{number}" for number in range(len(variants))], variants[0].name
    alerts = [test | {"alertname": new} for new in names for test in case.get("alert_rule_test", ())]
    asked = [(test, test["expr"]) for test in case.get("promql_expr_test", ())]
    assert all(f'alertname="{name}"' in expr for _, expr in asked)
    values = [test | {"expr": expr.replace(f'"{name}"', f'"{new}"')} for new in names for test, expr in asked]
    return case | {"alert_rule_test": alerts, "promql_expr_test": values}


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
