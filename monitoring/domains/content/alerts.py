"""Alerts of the content pipeline without bands: is the exporter there, does anything move, is all of it counted."""

from __future__ import annotations

from monitoring.domains.alert import Fixed, Triage, either
from monitoring.domains.signal import JOB
from pipeline.domains.content.families import FAILURES, ITEMS, ITEMS_IN_PROGRESS
from pipeline.domains.exporter.families import REJECTED_RECORDS
from pipeline.metrics.labels import LABEL_OVERFLOW

_HEALTH = "pipemeter-health"

DOWN = Fixed(
    name="PipelineDown",
    severity="critical",
    expr=f'min by (instance) (up{{job="{JOB}"}}) == 0\nor\nsum (absent(up{{job="{JOB}"}})) == 1',
    summary="{{ if $labels.instance }}The exporter {{ $labels.instance }} is down"
    "{{ else }}No exporter is scraped{{ end }}",
    description="{{ if $labels.instance }}Prometheus has not reached {{ $labels.instance }} for 2m or longer"
    f"{{{{ else }}}}Prometheus has had no target in job {JOB} for 2m or longer{{{{ end }}}} "
    "(target: every exporter up). Nothing is counted meanwhile; senders spool.",
    advice="Start the exporter, or correct the scrape configuration.",
    board=_HEALTH,
    for_seconds=120,
    further=("instance",),
    triage=Triage.DOWN,
)
STALLED = Fixed(
    name="PipelineStalled",
    severity="warning",
    expr=f"sum (min_over_time({ITEMS_IN_PROGRESS.name}[15m]) > 0 and {ITEMS_IN_PROGRESS.name} offset 15m > 0)\n"
    f"and\n{either(ITEMS, FAILURES, '15m')} == 0",
    summary="The pipeline is stalled with {{ $value }} items in progress",
    description="{{ $value }} items have been in progress throughout the last 15m, and none finished or failed "
    "(target: items leave).",
    advice="See in the log which stage the items hang in, and restart the pipeline.",
    board=_HEALTH,
    triage=Triage.STALLED,
)
METRICS_DROPPED = Fixed(
    name="PipelineMetricsDropped",
    severity="warning",
    expr=f"{either(REJECTED_RECORDS, LABEL_OVERFLOW, '5m')} > 0",
    summary="Records are refused or lose their labels",
    description="The exporter has refused records or label values for 15m or longer "
    '({{ $value | printf "%.0f" }} in the last 5m, target 0), so that figures are incomplete.',
    advice="See the reasons on the dashboard, and mend the sender or raise the label's cap.",
    board=_HEALTH,
    for_seconds=900,
)
FIXED = (DOWN, STALLED, METRICS_DROPPED)
