"""Alerts whose condition nobody sets."""

from __future__ import annotations

import promql_parser as promql

from monitoring.domains.alert import Triage, either
from monitoring.domains.catalogue import fixed_alerts, heartbeats
from pipeline.domains.content.families import FAILURES, ITEMS


def test_two_counters_together_count_even_where_one_is_not_there() -> None:
    text = either(ITEMS, FAILURES, "15m")
    assert text == (
        "(sum (increase(pipeline_items_total[15m])) or vector(0)) + "
        "(sum (increase(pipeline_failures_total[15m])) or vector(0))"
    )
    promql.parse(text)


def test_what_explains_the_rest_is_looked_at_first() -> None:
    ranks = {alert.name: alert.triage for alert in fixed_alerts()}
    assert ranks.pop("PipelineDown") is Triage.DOWN
    assert ranks.pop("PipelineStalled") is Triage.STALLED
    assert set(ranks.values()) == {Triage.CHAIN}
    assert list(Triage) == sorted(Triage)


def test_what_beats_is_one_alert_that_nobody_is_woken_by() -> None:
    (beating,) = [alert for alert in fixed_alerts() if alert.heartbeat]
    assert heartbeats() == (beating.name,)
    assert (beating.severity, beating.expr) == ("none", "vector(1)")


def test_every_word_that_is_another_in_vmalert_is_there_to_be_replaced() -> None:
    others = [(alert, word) for alert in fixed_alerts() for word, _ in alert.of_vmalert]
    assert others
    for alert, word in others:
        assert word in alert.expr + alert.summary + alert.description + alert.advice, (alert.name, word)
