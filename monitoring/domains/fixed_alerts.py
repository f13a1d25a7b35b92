"""Alerts without bands: is the exporter there, does anything move, does anybody hear about it."""

from __future__ import annotations

import msgspec

from monitoring.domains.catalogue import JOB
from monitoring.targets.slos import Severity
from pipeline.metrics.family import Domain

_HEALTH = "pipemeter-health"
_FIFTEEN_MINUTES = 900


class Fixed(msgspec.Struct, frozen=True):
    """One alert whose condition nobody sets; `further` names the labels that its series carry."""

    name: str
    severity: Severity
    domain: Domain
    expr: str
    summary: str
    description: str
    advice: str
    for_seconds: int = 0
    further: tuple[str, ...] = ()
    board: str = _HEALTH


def _either(left: str, right: str) -> str:
    """Return the sum of two increases of which either may be missing."""
    return f"(sum (increase({left})) or vector(0)) + (sum (increase({right})) or vector(0))"


FIXED: tuple[Fixed, ...] = (
    Fixed(
        "PipelineDown",
        "critical",
        "pipeline",
        f'min by (instance) (up{{job="{JOB}"}}) == 0\nor\nsum (absent(up{{job="{JOB}"}})) == 1',
        "{{ if $labels.instance }}The exporter {{ $labels.instance }} is down{{ else }}No exporter is scraped{{ end }}",
        "{{ if $labels.instance }}Prometheus has not reached {{ $labels.instance }} for 2m or longer"
        f"{{{{ else }}}}Prometheus has had no target in job {JOB} for 2m or longer{{{{ end }}}} "
        "(target: every exporter up). Nothing is counted meanwhile; senders spool.",
        "Start the exporter, or correct the scrape configuration.",
        120,
        ("instance",),
    ),
    Fixed(
        "PipelineStalled",
        "warning",
        "pipeline",
        "sum (min_over_time(pipeline_items_in_progress[15m]) > 0 and pipeline_items_in_progress offset 15m > 0)\n"
        "and\n" + _either("pipeline_items_total[15m]", "pipeline_failures_total[15m]") + " == 0",
        "The pipeline is stalled with {{ $value }} items in progress",
        "{{ $value }} items have been in progress throughout the last 15m, and none finished or failed "
        "(target: items leave).",
        "See in the log which stage the items hang in, and restart the pipeline.",
    ),
    Fixed(
        "PipelineMetricsDropped",
        "warning",
        "pipeline",
        _either("exporter_rejected_records_total[5m]", "exporter_label_overflow_total[5m]") + " > 0",
        "Records are refused or lose their labels",
        "The exporter has refused records or label values for 15m or longer "
        '({{ $value | printf "%.0f" }} in the last 5m, target 0), so that figures are incomplete.',
        "See the reasons on the dashboard, and mend the sender or raise the label's cap.",
        _FIFTEEN_MINUTES,
    ),
    Fixed(
        "NotificationsFailing",
        "critical",
        "exporter",
        "sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0",
        "Alertmanager cannot deliver to {{ $labels.integration }}",
        "Notifications to {{ $labels.integration }} have failed for 15m or longer "
        '({{ $value | printf "%.0f" }} in the last 5m, target 0).',
        "Check the webhook or address of this channel, and Alertmanager's log.",
        _FIFTEEN_MINUTES,
        ("integration",),
    ),
    Fixed(
        "RuleEvaluationFailing",
        "critical",
        "exporter",
        "sum (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
        "Prometheus cannot evaluate its rules",
        'Rules have failed to evaluate for 15m or longer ({{ $value | printf "%.0f" }} times in the last 5m, '
        "target 0), so that alerts may be silent that should fire.",
        "See which rule fails and why on Prometheus' page of rules.",
        _FIFTEEN_MINUTES,
    ),
    Fixed(
        "Watchdog",
        "none",
        "exporter",
        "vector(1)",
        "Alerting works",
        "This alert always fires, so that its absence can be noticed (target: always there).",
        "Nothing is wrong while it fires; when it stops, Prometheus or Alertmanager is not working.",
    ),
)
