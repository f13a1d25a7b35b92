from __future__ import annotations

from typing import Any

import pytest

from monitoring.alerts.plan import plan_of
from monitoring.promql.rule_files import AlertingRule, RecordingRule, RuleError, read_rules
from monitoring.targets.targets import Targets


def read(*rules: dict[str, Any], **group: Any) -> Any:
    return read_rules([{"name": "g", "rules": list(rules), **group}])


def test_rules_are_read_in_their_order_with_the_interval_of_their_group() -> None:
    found = read(
        {"record": "a:b", "expr": "sum(c)", "labels": {"x": 1}},
        {"alert": "A", "expr": "a:b > 1", "for": "5m", "keep_firing_for": "1h", "labels": {"severity": "warning"}},
        interval="30s",
    )
    assert found.recording == (RecordingRule("a:b", "sum(c)", {"x": "1"}, 30),)
    assert found.alerting == (AlertingRule("A", "a:b > 1", 300, 3600, {"severity": "warning"}, 30),)


def test_what_a_rule_does_not_say_is_nothing() -> None:
    (rule,) = read({"alert": "A", "expr": "up"}).alerting
    assert (rule.hold, rule.keep, rule.labels, rule.interval, rule.severity) == (0, 0, {}, None, "")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"alert": "A", "expr": "sum("}, r"rule A: 'sum\(' is not PromQL"),
        ({"record": "a:b", "expr": ""}, "rule a:b: '' is not PromQL"),
        ({"alert": "A", "expr": "up", "for": "5 minutes"}, "rule A: for: '5 minutes': expected a duration"),
        ({"alert": "A", "expr": "up", "labels": {"who": "{{ $labels.x }}"}}, "alert A: a label holds a template"),
    ],
)
def test_a_rule_that_cannot_be_replayed_is_named(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        read(rule)


@pytest.mark.parametrize(
    ("expression", "direction"),
    [
        ("a > 5", "max"), ("a >= 5", "max"), ("a < 5", "min"), ("5 < a", "max"), ("5 >= a", "min"), ("(a < 5)", "min"),
        ("a < 5 and b > 3", "min"), ("b and a < 5", "max"), ("b or a < 5", "min"), ("a", "max"), ("a == 0", "max"),
        ("sum(a) + 1 < 5", "min"), ("1 - a > 0.1 and 1 - b > 0.1", "max"),
    ],
)  # fmt: skip
def test_which_way_a_value_is_worse_is_told_by_what_it_is_compared_with(expression: str, direction: str) -> None:
    assert AlertingRule("A", expression).direction == direction


def test_every_rule_that_is_compiled_can_be_read() -> None:
    groups = plan_of(Targets()).groups
    found = read_rules(groups)
    assert len(found.recording) + len(found.alerting) == sum(len(group["rules"]) for group in groups)
