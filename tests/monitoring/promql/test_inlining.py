from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitoring.alerts.plan import plan_of
from monitoring.promql.inlining import inlined
from monitoring.promql.rule_files import RecordingRule, RuleError, read_rules
from monitoring.promql.selectors import raw_selectors
from monitoring.targets.targets import Targets
from tests.monitoring import rule_engine
from tests.monitoring.pipeline_history import STEP, grid, pipeline_history

RULES = [
    RecordingRule("job:items:increase1h", "sum by (job, way) (increase(items_total[1h]))"),
    RecordingRule("job:fails:increase1h", 'sum by (job) (increase(fails_total{job="p"}[1h]))'),
    RecordingRule("all:items:ratio1h", 'sum(job:items:increase1h{way="early"}) / (sum(job:items:increase1h) > 0)'),
    RecordingRule("p95", "histogram_quantile(0.95, sum by (le, job) (increase(seconds_bucket[1h])))"),
    RecordingRule("named", "sum(items_total)", {"team": 'a"$1'}),
    RecordingRule("clock", "items_total + hour()"),
    RecordingRule("circle", "sum(circle)"),
]


def flat(expression: str, interval: int = 60) -> str:
    text = " ".join(inlined(expression, RULES, interval=interval).split())
    return text.replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up == 0", "up == 0"),
        ("job:items:increase1h > 2", "sum by (job, way) (increase(items_total[1h])) > 2"),
        ('job:items:increase1h{way=~"a|b",job!="x"}',
         'sum by (job, way) (increase(items_total{job!="x",way=~"a|b"}[1h]))'),
        ('job:fails:increase1h{job="p"}', 'sum by (job) (increase(fails_total{job="p",job="p"}[1h]))'),
        ("all:items:ratio1h", '(sum(sum by (job, way) (increase(items_total{way="early"}[1h]))) / '
         "(sum(sum by (job, way) (increase(items_total[1h]))) > 0))"),
        ("2 * all:items:ratio1h offset 1h",
         '2 * (sum(sum by (job, way) (increase(items_total{way="early"}[1h] offset 1h))) / '
         "(sum(sum by (job, way) (increase(items_total[1h] offset 1h))) > 0))"),
        ("max_over_time(job:fails:increase1h[2h] offset 5m)",
         'max_over_time((sum by (job) (increase(fails_total{job="p"}[1h])))[2h:1m] offset 5m)'),
        ("sum_over_time((sum(job:fails:increase1h))[1d:1h])",
         'sum_over_time((sum(sum by (job) (increase(fails_total{job="p"}[1h]))))[1d:1h])'),
        ('p95{le="1.0",job="x"}',
         '((histogram_quantile(0.95, sum by (le, job) (increase(seconds_bucket{job="x"}[1h])))) and on (le) '
         '(label_replace(vector(1), "le", "1.0", "", "")))'),
        ('named{team!~"b|c"}',
         '((label_replace(sum(items_total), "team", "a\\"$$1", "", "")) unless on (team) '
         '(label_replace(vector(1), "team", "b", "", "") or label_replace(vector(1), "team", "c", "", "")))'),
        ('sum by (job) ({__name__=~"job:items:increase1h|raw_total",job="x"})',
         'sum by (job) ((label_replace(sum by (job, way) (increase(items_total{job="x"}[1h])), "recorded_as", '
         '"job:items:increase1h", "", "") or label_replace(raw_total{job="x"}, "recorded_as", "raw_total", "", "")))'),
    ],
)  # fmt: skip
def test_what_is_recorded_is_replaced_by_what_it_was_recorded_from(expression: str, expected: str) -> None:
    assert flat(expression) == expected


def test_a_range_over_a_recorded_series_steps_as_the_rules_are_evaluated() -> None:
    assert "[2h:15s]" in flat("avg_over_time(job:fails:increase1h[2h])", interval=15)


def test_two_rules_of_one_name_are_both_read() -> None:
    rules = [RecordingRule("x", "sum by (a) (y)", {"of": "y"}), RecordingRule("x", "sum by (a) (z)", {"of": "z"})]
    assert set(raw_selectors(inlined('x{a="1"}', rules))) == {"y", "z"}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("job:items:increase1h @ end()", "at a fixed time cannot be replayed"),
        ('{__name__=~"job:items:increase1h|raw_total"}', "only inside `sum by"),
        ('topk(2, {__name__=~"job:items:increase1h|raw_total"})', "only inside `sum by"),
        ('sum without (job) ({__name__=~"job:items:increase1h|raw_total"})', "only inside `sum by"),
        ('sum({__name__=~"job:.*"})', "list plain names"),
        ('named{team=~"a.*"}', "expected a list of plain values"),
        ("clock offset 1h", r"hour\(\) of a recorded series with an offset"),
        ("circle", "read each other in a circle"),
    ],
)
def test_a_form_that_cannot_be_replaced_is_refused_with_the_reason(expression: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        inlined(expression, RULES)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([{"name": "g", "rules": [{"alert": "X", "expr": "sum("}]}], "rule X: 'sum\\(' is not PromQL"),
        ([{"name": "g", "rules": [{"alert": "X", "expr": "x", "for": "soon"}]}], "rule X: for: 'soon': expected a duration"),
        ([{"name": "g", "interval": "x", "rules": []}], "rule g: interval: 'x': expected a duration"),
        ([{"name": "g", "rules": [{"alert": "X", "expr": "x", "labels": {"a": "{{ $value }}"}}]}], "a label holds a template"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_read_is_refused_with_its_name(groups: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        read_rules(groups)


@rule_engine.NEEDED
def test_inlined_expressions_give_what_prometheus_records(tmp_path: Path) -> None:
    """Each recording rule we compile, and forms on top of them, at three times of a history with a restart and failures."""
    history = [one for one in pipeline_history(seed=5, hours=3) if not one.name.startswith("exporter")]
    names = {one.name for one in history}
    groups = plan_of(Targets()).groups
    recording = read_rules(groups).recording
    mine = [rule for rule in recording if names >= {_name(x) for x in raw_selectors(inlined(rule.name, recording))}]
    forms = [rule.name for rule in mine] + [
        'job:pipeline_items:increase1h{processing_type=~"full|early_exit",content_type="news"}',
        'job:pipeline_items:increase5m{processing_type!="full"} offset 10m',
        "pipeline:bypass_rate:ratio1h offset 30m",
        'pipeline:bypass_rate:ratio1h{job=""}',
        'pipeline:bypass_rate:ratio1h{job!~"|x"}',
        "stddev_over_time(pipeline:error_rate:ratio5m[1h] offset 4m)",
        "max_over_time(sum(job:pipeline_failures:increase5m)[1h:10m])",
        'sum by (job) ({__name__=~"job:pipeline_items:increase1h|job:pipeline_failures:increase1h"})',
    ]
    assert len(forms) > 50
    tests: list[dict[str, Any]] = []
    for at in (3600, 6000, 8160):
        for form in forms:
            there = f"({form})"
            here = f"({inlined(form, recording, interval=STEP)})"
            differs = f"abs({there} - {here}) > 1e-9 or ({there} unless {here}) or ({here} unless {there})"
            tests.append({"expr": differs, "eval_time": f"{at}s", "exp_samples": []})
    some = " + ".join(f"(count({form}) or vector(0))" for form in forms)
    tests.append({"expr": f"{some} > bool 100", "eval_time": "8160s", "exp_samples": [{"labels": "{}", "value": 1}]})
    points = 3 * 3600 // STEP + 1
    given = [rule_engine.series(one.name, one.labels, grid(one, points)) for one in history]
    kept = [
        {**group, "rules": [r for r in group["rules"] if r.get("record") in {m.name for m in mine}]} for group in groups
    ]
    tests.append({"expr": "vector(0) == 0", "eval_time": "0s", "exp_samples": []})  # the comparison itself can fail
    objections = rule_engine.check(tmp_path, kept, given, STEP, tests)
    assert objections.count("expr:") == 1
    assert "vector(0) == 0" in objections


def _name(selector: str) -> str:
    return selector.partition("{")[0]
