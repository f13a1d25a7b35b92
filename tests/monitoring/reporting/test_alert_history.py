from __future__ import annotations

from monitoring.reporting.alert_history import Fired, intervals
from monitoring.servers.prometheus import Series

LABELS = {
    "__name__": "ALERTS",
    "alertname": "Slow",
    "alertstate": "firing",
    "severity": "warning",
    "domain": "pipeline",
}
SHOWN = {"domain": "pipeline"}


def alerts(*times: float, **more: str) -> Series:
    return Series({**LABELS, **more}, [(at, 1.0) for at in times])


def test_a_gap_parts_two_firings_and_both_edges_are_left_open() -> None:
    series = alerts(60, 120, 300, 360, 420, 900, 960)
    assert intervals([series], 0, 960) == [
        Fired("Slow", "warning", SHOWN, None, 120),
        Fired("Slow", "warning", SHOWN, 300, 420),
        Fired("Slow", "warning", SHOWN, 900, None),
    ]


def test_pieces_of_one_series_are_put_together_and_label_sets_kept_apart() -> None:
    found = intervals([alerts(240, 300), alerts(360, 420), alerts(300, slo="errors")], 0, 960)
    assert found == [
        Fired("Slow", "warning", SHOWN, 240, 420),
        Fired("Slow", "warning", {**SHOWN, "slo": "errors"}, 300, 300),
    ]
