"""A plan is what some targets come to, worked out once."""

from __future__ import annotations

from monitoring.alerts.alert import alerts_of
from monitoring.alerts.plan import plan_of
from monitoring.domains.band import Bands
from monitoring.targets.targets import Targets

PLAN = plan_of(Targets())


def test_the_recording_groups_come_first_and_each_domain_has_a_file_of_its_alerts() -> None:
    assert list(PLAN.files)[-2:] == ["alert_rules/pipeline.yaml", "alert_rules/exporter.yaml"]
    kinds = ["alert" in group["rules"][0] for group in PLAN.groups]
    assert kinds == sorted(kinds)
    assert [group["name"] for group in PLAN.groups[-2:]] == ["pipemeter-pipeline", "pipemeter-exporter"]


def test_every_alert_is_one_rule_in_the_file_of_its_domain() -> None:
    for domain in ("pipeline", "exporter"):
        (group,) = PLAN.files[f"alert_rules/{domain}.yaml"]
        mine = [alert.name for alert in PLAN.alerts if alert.domain == domain]
        assert [rule["alert"] for rule in group["rules"]] == mine


def test_alerts_stand_in_the_order_of_triage() -> None:
    assert PLAN.alerts == tuple(alerts_of(Targets()))
    assert [alert.triage for alert in PLAN.alerts] == sorted(alert.triage for alert in PLAN.alerts)
    names = list(dict.fromkeys(alert.name for alert in PLAN.alerts))
    assert names[:4] == [
        "PipelineDown",
        "PipelineAvailabilityBudgetBurn",
        "PipelineStalled",
        "PipelineErrorBudgetBurn",
    ]
    assert names[-1] == "Watchdog"


def test_alerts_of_one_name_are_found_together() -> None:
    found = PLAN.by_name
    assert [alert.severity for alert in found["PipelineBypassRateLow"]] == ["critical", "warning"]
    assert sum(map(len, found.values())) == len(PLAN.alerts)


def test_what_is_switched_off_is_in_no_file() -> None:
    quiet = plan_of(Targets(bands={**Targets().bands, "bypass_rate": Bands(enabled=False)}))
    assert "PipelineBypassRateLow" not in quiet.by_name
    assert not [group for group in quiet.groups if "PipelineBypassRateLow" in repr(group)]
