"""The log channel's limits: hard by the hour, said and counted, and never in the way of an end that was awaited."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exporter.api.alert_limits import HourlyGate
from exporter.settings import AlertLimits, ExporterSettings, settings_from
from pipeline.errors import ConfigError
from tests.exporter.conftest import Running, Serve

FIRING = {"severity": "warning", "alertname": "ModelDegraded"}


def held(
    gate: HourlyGate, limits: AlertLimits, now: float, key: str = "a", status: str = "firing", **labels: str
) -> Any:
    return gate.held(status, {**FIRING, **labels}, key, limits, now)


def test_an_hour_holds_so_many_and_slides() -> None:
    gate, limits = HourlyGate(), AlertLimits(per_hour=3)
    assert [held(gate, limits, now) for now in (0, 10, 20, 30)] == [None, None, None, "per_hour"]
    assert held(gate, limits, 3599) == "per_hour"
    assert [held(gate, limits, 3601), held(gate, limits, 3602)] == [None, "per_hour"]


def test_each_model_has_a_limit_of_its_own_and_what_has_no_model_has_none() -> None:
    gate, limits = HourlyGate(), AlertLimits(per_model_per_hour=2)
    assert [held(gate, limits, 1, model="m") for _ in range(3)] == [None, None, "per_model"]
    assert held(gate, limits, 2, model="other") is None
    assert [held(gate, limits, 3) for _ in range(4)] == [None] * 4
    assert held(gate, limits, 3602, model="m") is None


@pytest.mark.parametrize(
    ("severity", "reason"),
    [("info", "minimum_severity"), ("none", "minimum_severity"), ("warning", None), ("critical", None), ("page", None)],
)
def test_what_is_less_urgent_than_wanted_is_held_back(severity: str, reason: str | None) -> None:
    assert held(HourlyGate(), AlertLimits(minimum_severity="warning"), 1, severity=severity) == reason


def test_the_end_of_an_alert_is_written_exactly_if_the_alert_was() -> None:
    gate, limits = HourlyGate(), AlertLimits(per_hour=1)
    assert [held(gate, limits, 1, "a"), held(gate, limits, 2, "b"), held(gate, limits, 3, "a")] == [
        None,
        "per_hour",
        "per_hour",
    ]
    assert held(gate, limits, 4, "a", "resolved") is None  # a repetition was held back, not the alert
    assert held(gate, limits, 5, "b", "resolved") == "per_hour"
    assert held(gate, limits, 6, "from before a restart", "resolved") is None
    assert held(gate, limits, 7, "c") == "per_hour"


def test_of_two_limits_the_stricter_one_holds() -> None:
    assert AlertLimits(5, None, "info").strictest(AlertLimits(7, 3, "critical")) == AlertLimits(5, 3, "critical")


def notification(*names: str, status: str = "firing", severity: str = "warning") -> dict[str, Any]:
    alerts = [
        {"status": status, "labels": {"alertname": name, "severity": severity}, "fingerprint": name} for name in names
    ]
    return {"version": "4", "receiver": "log", "alerts": alerts}


def test_what_is_held_back_is_said_in_one_line_and_counted(serve: Serve) -> None:
    running = serve(alerts_per_hour=2)
    answer = running.client.post("/api/alerts", json=notification("A", "B", "C", "D", "E")).json()
    assert answer == {"status": "logged", "count": 2, "held_back": 3}
    lines = [json.loads(line) for line in running.lines]
    assert [line.get("alert") for line in lines] == ["A", "B", None]
    assert (lines[2]["event"], lines[2]["summary"], lines[2]["reasons"]) == (
        "alerts_held_back", "3 alerts held back", {"per_hour": 3},
    )  # fmt: skip
    assert running.value('exporter_alerts_held_back_total{reason="per_hour"}') == 3
    assert running.value("exporter_alerts_logged_total") == 2
    assert running.client.post("/api/alerts", json=notification("A", "E", status="resolved")).json()["count"] == 1
    assert json.loads(running.lines[3])["alert"] == "A"


def test_the_address_may_carry_limits_and_what_is_too_mild_gets_no_line(running: Running) -> None:
    address = "/api/alerts?per_hour=1&minimum_severity=warning"
    assert running.client.post(address, json=notification("A", severity="info")).json()["held_back"] == 1
    assert running.lines == []
    assert running.client.post(address, json=notification("B", "C")).json() == {
        "status": "logged",
        "count": 1,
        "held_back": 1,
    }
    assert running.value('exporter_alerts_held_back_total{reason="minimum_severity"}') == 1


@pytest.mark.parametrize("query", ["per_hour=0", "per_hour=x", "per_model_per_hour=-1", "minimum_severity=hot"])
def test_limits_that_are_none_are_refused(running: Running, query: str) -> None:
    answer = running.client.post(f"/api/alerts?{query}", json=notification("A"))
    assert answer.status_code == 422
    assert query.split("=")[0] in answer.json()["error"]["message"]
    assert not running.lines


def test_the_limits_come_from_the_environment() -> None:
    environ = {"EXPORTER_ALERTS_PER_HOUR": "10", "EXPORTER_ALERTS_PER_MODEL_PER_HOUR": "5",
               "EXPORTER_ALERTS_MINIMUM_SEVERITY": "warning"}  # fmt: skip
    assert settings_from(environ).alert_limits == AlertLimits(10, 5, "warning")
    assert ExporterSettings().alert_limits == AlertLimits()
    with pytest.raises(ConfigError) as caught:
        settings_from({"EXPORTER_ALERTS_PER_HOUR": "2.5", "EXPORTER_ALERTS_MINIMUM_SEVERITY": "hot"})
    assert [p.expected for p in caught.value.problems] == ["a number above 0", "one of: info, warning, critical"]
