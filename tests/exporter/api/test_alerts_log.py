from __future__ import annotations

import json

import pytest

from tests.exporter.conftest import Running


def test_alerts_are_written_as_json_lines(running: Running) -> None:
    alert = {"status": "firing", "labels": {"alertname": "PipelineDown", "severity": "critical"},
             "annotations": {"summary": "down\nfor good"}, "startsAt": "2026-01-01T00:00:00Z",
             "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p/", "fingerprint": "f1", "new_field": 1}  # fmt: skip
    body = {"version": "4", "groupKey": "g", "status": "firing", "receiver": "log", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://a", "alerts": [alert, alert]}  # fmt: skip
    response = running.client.post("/api/alerts", json=body)
    assert response.json() == {"status": "logged", "count": 2}
    assert len(running.lines) == 2
    line = json.loads(running.lines[0])
    assert "\n" not in running.lines[0]
    assert (line["alert"], line["severity"], line["status"]) == ("PipelineDown", "critical", "firing")
    assert line["summary"] == "down\nfor good"
    assert running.value("exporter_alerts_logged_total") == 2


def test_what_alertmanager_left_out_of_a_notification_is_said(running: Running) -> None:
    alert = {"status": "firing", "labels": {"alertname": "PipelineDown", "severity": "critical"}}
    body = {"alerts": [alert], "receiver": "log", "truncatedAlerts": 234}
    assert running.client.post("/api/alerts", json=body).json() == {"status": "logged", "count": 1}
    told = [json.loads(line) for line in running.lines]
    assert [line["event"] for line in told] == ["alert", "alerts_truncated"]
    assert (told[1]["count"], told[1]["receiver"]) == (234, "log")
    assert told[1]["summary"].startswith("234 more alerts left out")
    assert running.value("exporter_alerts_logged_total") == 1


def test_a_notification_holds_as_many_alerts_as_alertmanager_is_told_to_send(running: Running) -> None:
    alert = {"status": "firing", "labels": {"alertname": "PipelineDown", "severity": "critical"}}
    assert running.client.post("/api/alerts", json={"alerts": [alert] * 1000}).status_code == 200
    assert running.client.post("/api/alerts", json={"alerts": [alert] * 1001}).status_code == 413


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 422), (b'{"alerts": [{}]}', 422), (b"\xff", 400)])
def test_what_is_no_notification_is_refused(running: Running, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    assert running.client.post("/api/alerts", content=body, headers=headers).status_code == status
    assert running.client.post("/api/alerts", content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert not running.lines
