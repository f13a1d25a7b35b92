from __future__ import annotations

import pytest

from monitoring.alerts.alert import Alert, alerts_of
from monitoring.delivery.samples import Sample, alert_named, sample, situations, template_data, timestamp
from monitoring.targets.targets import Targets
from pipeline.errors import ConfigError

TARGETS = Targets()
NOW = 1_795_219_200.0


def test_an_alert_is_found_by_its_name_the_most_urgent_of_it_first() -> None:
    assert alert_named(TARGETS, "PipelineBypassRateLow").severity == "critical"
    assert alert_named(TARGETS, "PipelineBypassRateLow", "warning").severity == "warning"
    assert alert_named(TARGETS, None).name == "PipelineQualityScoreLow"


@pytest.mark.parametrize(
    ("name", "severity", "said"),
    [
        ("PipelineDwn", None, "--alert: PipelineDwn: expected `PipelineDown`"),
        ("PipelineDown", "info", "--severity: info: expected critical, which PipelineDown has"),
        ("PipelineBypassRateLow", "info", "expected critical or warning, which"),
    ],
)
def test_what_there_is_not_is_answered_with_what_there_is(name: str, severity: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        alert_named(TARGETS, name, severity)


@pytest.mark.parametrize("alert", alerts_of(TARGETS), ids=lambda alert: f"{alert.name}-{alert.severity}-{alert.labels}")
def test_an_example_of_every_alert_carries_all_its_labels_and_no_template(alert: Alert) -> None:
    found = sample(alert, TARGETS, NOW)
    texts = " ".join((*found.labels.values(), *found.annotations.values()))
    assert "{{" not in texts
    assert "$" not in texts
    assert set(found.labels) >= {"alertname", *alert.all_labels, *alert.further}
    assert all(found.annotations.values())


@pytest.mark.parametrize("name", [None, "PipelineDown", "PipelineErrorBudgetBurn", "Watchdog", "PipelineStalled"])
def test_every_alert_can_be_shown_firing_resolved_and_as_a_test(name: str | None) -> None:
    found = {situation.name: situation.alerts for situation in situations(TARGETS, name, NOW)}
    assert {"firing", "resolved", "test"} <= found.keys()
    assert found["firing"][0].ends_at is None
    assert found["resolved"][0].ends_at == NOW - 60
    assert found["test"][0].labels["test"] == "true"
    for alerts in found.values():
        assert len({tuple(sorted(alert.labels.items())) for alert in alerts}) == len(alerts)


def test_of_several_at_once_one_is_over() -> None:
    several = next(s.alerts for s in situations(TARGETS, "PipelineDown", NOW) if s.name == "several")
    assert [alert.ends_at is None for alert in several] == [True] * (len(several) - 1) + [False]


def test_a_group_is_handed_to_templates_as_alertmanager_does() -> None:
    alerts = [
        Sample({"alertname": "A", "severity": "warning", "x": "1"}, {"summary": "s"}, NOW),
        Sample({"alertname": "A", "severity": "warning", "x": "2"}, {"summary": "s", "more": "m"}, NOW, NOW + 60),
    ]
    found = template_data(alerts, "http://am:9093")
    assert (found["status"], [row["status"] for row in found["alerts"]]) == ("firing", ["firing", "resolved"])
    assert found["commonLabels"] == {"alertname": "A", "severity": "warning"}
    assert found["commonAnnotations"] == {"summary": "s"}
    assert set(found["groupLabels"]) <= set(found["commonLabels"])
    assert found["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert template_data(alerts[1:], "")["status"] == "resolved"


def test_a_time_is_written_in_utc_to_the_millisecond() -> None:
    assert timestamp(NOW + 0.25) == "2026-11-21T00:00:00.250Z"
