"""A metric key of monitoring.yaml as it is declared."""

from __future__ import annotations

from monitoring.domains.band import EDGES, Bands, Metric


def test_a_metric_has_the_alerts_of_the_sides_on_which_it_is_judged() -> None:
    both = Metric("a", "b", "c", low_alert="TooLow", low_advice="Up.", high_alert="TooHigh", high_advice="Down.")
    assert both.alerts == (("TooLow", "Up."), ("TooHigh", "Down."))
    assert Metric("a", "b", "c", high_alert="TooHigh").alerts == (("TooHigh", ""),)
    assert Metric("a", "b", "c").alerts == ()
    assert both.path == "a.b"


def test_edges_stand_in_the_order_that_they_must_have() -> None:
    assert EDGES == ("critical_low", "warning_low", "target", "warning_high", "critical_high")
    assert all(getattr(Bands(), edge) is None for edge in EDGES)
