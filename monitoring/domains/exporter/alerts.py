"""Alerts about what keeps the counts and tells of alerts: is all there, does it deliver, evaluate, live."""

from __future__ import annotations

from monitoring.domains.alert import Fixed
from pipeline.domains.exporter.families import JOURNAL_LOST_RECORDS

_HEALTH = "pipemeter-health"
_FIFTEEN_MINUTES = 900
_FAILED = "prometheus_rule_evaluation_failures_total"
_FAILED_IN_VMALERT = "vmalert_execution_errors_total"  # there since vmalert counts anything, under this name

NOTIFICATIONS_FAILING = Fixed(
    name="NotificationsFailing",
    severity="critical",
    expr="sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0",
    summary="Alertmanager cannot deliver to {{ $labels.integration }}",
    description="Notifications to {{ $labels.integration }} have failed for 15m or longer "
    '({{ $value | printf "%.0f" }} in the last 5m, target 0).',
    advice="Check the webhook or address of this channel, and Alertmanager's log.",
    board=_HEALTH,
    for_seconds=_FIFTEEN_MINUTES,
    further=("integration",),
)
RULE_EVALUATION_FAILING = Fixed(
    name="RuleEvaluationFailing",
    severity="critical",
    expr=f"sum (increase({_FAILED}[5m])) > 0",
    summary="Prometheus cannot evaluate its rules",
    description='Rules have failed to evaluate for 15m or longer ({{ $value | printf "%.0f" }} times in the last 5m, '
    "target 0), so that alerts may be silent that should fire.",
    advice="See which rule fails and why on Prometheus' page of rules.",
    board=_HEALTH,
    for_seconds=_FIFTEEN_MINUTES,
    of_vmalert=(
        ("Prometheus' page of rules", "vmalert's page of groups"),
        ("Prometheus", "vmalert"),
        (_FAILED, _FAILED_IN_VMALERT),
    ),
)
WATCHDOG = Fixed(
    name="Watchdog",
    severity="none",
    expr="vector(1)",
    summary="Alerting works",
    description="This alert always fires, so that its absence can be noticed (target: always there).",
    advice="Nothing is wrong while it fires; when it stops, Prometheus or Alertmanager is not working.",
    board=_HEALTH,
    heartbeat=True,
)
JOURNAL_DAMAGED = Fixed(
    name="JournalDamaged",
    severity="warning",
    expr=f"sum by (instance) (increase({JOURNAL_LOST_RECORDS.name}[1h])) > 0",
    summary="Records in the journal of {{ $labels.instance }} are lost",
    description='{{ $value | printf "%.0f" }} records that {{ $labels.instance }} had accepted were found to be lost '
    "in the last hour (target 0): its journal was damaged. All else was put back, and counting goes on.",
    advice="See the exporter's log for what happened to the file, and the disk it lies on.",
    board=_HEALTH,
    further=("instance",),
)
FIXED = (JOURNAL_DAMAGED, NOTIFICATIONS_FAILING, RULE_EVALUATION_FAILING, WATCHDOG)
