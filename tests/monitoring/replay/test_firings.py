from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from monitoring.promql.rule_files import AlertingRule, RuleError
from monitoring.replay.firings import AlertHistory, Firing, Labels, add_result, alert_labels
from tests.monitoring import rule_engine
from tests.monitoring.rule_engine import Alert

A: Labels = (("a", "1"),)
NAN = float("nan")


def run(rule: AlertingRule, values: list[float | None], step: int = 60) -> list[Firing]:
    """Evaluate a rule over the values of one label set; None: no result."""
    history = AlertHistory(rule)
    for index, value in enumerate(values):
        history.evaluate(index * step, {} if value is None else {A: value})
    return history.finish((len(values) - 1) * step).get(A, [])


def test_without_for_it_fires_at_the_first_result_and_ends_at_the_first_without() -> None:
    assert run(AlertingRule("X", "x > 1"), [None, 2.0, 7.0, 3.0, None]) == [Firing(60, 240, 7.0)]


def test_it_fires_once_it_has_been_pending_for_as_long_as_for_says() -> None:
    rule = AlertingRule("X", "x < 5", hold=120)
    assert run(rule, [1.0, 4.0, 3.0, 2.0, 4.5, None]) == [Firing(120, 300, 2.0)]


def test_a_gap_while_pending_begins_anew() -> None:
    assert run(AlertingRule("X", "x > 1", hold=120), [2.0, 2.0, None, 2.0, 2.0]) == []


def test_it_goes_on_firing_until_the_result_has_been_missing_for_keep_firing_for() -> None:
    rule = AlertingRule("X", "x > 1", keep=120)
    assert run(rule, [2.0, None, None, None, 3.0]) == [Firing(0, 180, 2.0), Firing(240, 240, 3.0, ongoing=True)]
    assert run(rule, [2.0, None, None, 3.0, None, None, None]) == [Firing(0, 360, 3.0)]


def test_keep_firing_for_does_not_keep_what_is_only_pending() -> None:
    assert run(AlertingRule("X", "x > 1", hold=60, keep=600), [2.0, None, 2.0, None]) == []


def test_values_that_are_not_finite_fire_but_are_no_peak() -> None:
    assert run(AlertingRule("X", "x != 1"), [NAN, math.inf, None]) == [Firing(0, 120, None)]
    assert run(AlertingRule("X", "x != 1"), [NAN, 3.0, None]) == [Firing(0, 120, 3.0)]


@pytest.mark.parametrize(
    ("expression", "worst"),
    [
        ("x > 1", 9.0), ("x >= 1 and y < 3", 9.0), ("x < 1", 2.0), ("(x <= 1) and y > 3", 2.0), ("5 > x", 2.0),
        ("5 < x", 9.0), ("x < y", 2.0), ("absent(x)", 9.0), ("x == 0 or y < 1", 2.0), ("x unless y < 1", 9.0),
    ],
)  # fmt: skip
def test_the_peak_is_the_value_furthest_in_the_direction_of_the_breach(expression: str, worst: float) -> None:
    assert run(AlertingRule("X", expression), [4.0, 9.0, 2.0, None])[0].peak == worst


def test_the_labels_are_those_of_the_result_and_the_rule_whose_own_win() -> None:
    rule = AlertingRule("X", "x", labels={"severity": "info", "a": "rule", "b": ""})
    assert alert_labels(rule, {"__name__": "x", "a": "series", "b": "series", "c": "3", "alertname": "Y"}) == (
        ("a", "rule"), ("c", "3"), ("severity", "info"),
    )  # fmt: skip


def test_two_results_with_the_same_labels_are_refused_as_by_prometheus() -> None:
    result = {A: 1.0}
    with pytest.raises(RuleError, match="alert X: two results have the same labels"):
        add_result(AlertingRule("X", "x"), result, A, 2.0)


@rule_engine.NEEDED
@pytest.mark.parametrize("seed", range(4))
def test_random_alerts_fire_exactly_when_they_do_in_prometheus(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    steps, step = 90, 60
    values = {str(i): _values(rng, steps) for i in range(4)}
    firings: dict[Alert, list[Firing]] = {}
    rules = []
    for number in range(30):
        hold, keep = (rng.choice([0, 0, 60, 90, 120, 300, 600]) for _ in range(2))
        rule = AlertingRule(f"A{number}", f"x > {rng.choice([1, 2, 3])}", hold, keep, {"severity": "warning"})
        rules.append(
            {"alert": rule.name, "expr": rule.expression, "labels": rule.labels}
            | ({"for": f"{hold}s"} if hold else {})
            | ({"keep_firing_for": f"{keep}s"} if keep else {})
        )
        for labels, found in _replayed(rule, values, steps, step).items():
            firings[(rule.name, labels)] = found
    tests = [rule_engine.firing_at(index * step, firings) for index in range(steps)]
    given = [rule_engine.series("x", {"s": s}, row) for s, row in values.items()]
    assert sum(len(found) for found in firings.values()) > 50
    assert rule_engine.check(tmp_path, [{"name": "g", "rules": rules}], given, step, tests) == ""


def _values(rng: random.Random, steps: int) -> list[str]:
    """Runs of values between 0 and 4, of NaN and of nothing."""
    row: list[str] = []
    while len(row) < steps:
        value = rng.choice(["0", "1", "2", "3", "4", "2", "3", "4", "NaN", "stale"])
        row += [value] * rng.choice([1, 1, 2, 3, 5, 8, 13])
    return row[:steps]


def _replayed(rule: AlertingRule, values: dict[str, list[str]], steps: int, step: int) -> dict[Labels, list[Firing]]:
    history = AlertHistory(rule)
    threshold = float(rule.expression.split()[-1])
    for index in range(steps):
        now = {s: float(row[index]) for s, row in values.items() if row[index] != "stale"}
        result = {alert_labels(rule, {"s": s}): value for s, value in now.items() if value > threshold}
        history.evaluate(index * step, result)
    return history.finish((steps - 1) * step)


@rule_engine.NEEDED
def test_the_comparison_with_prometheus_notices_a_firing_that_is_off_by_one_step(tmp_path: Path) -> None:
    rules = [{"alert": "X", "expr": "x > 1", "for": "2m"}]
    given = [rule_engine.series("x", {}, ["2", "2", "2", "2", "0"])]
    for start, agrees in ((120, True), (60, False), (180, False)):
        found: dict[Alert, list[Firing]] = {("X", ()): [Firing(start, 240, 2.0)]}
        tests = [rule_engine.firing_at(at, found) for at in range(0, 300, 60)]
        assert (rule_engine.check(tmp_path, [{"name": "g", "rules": rules}], given, 60, tests) == "") is agrees
