"""promtool test cases of the content pipeline's alerts without bands: what is fed in, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains.case import Case, lasting
from monitoring.domains.content.alerts import DOWN, METRICS_DROPPED, STALLED

_ITEMS = 'pipeline_items_total{processing_type="full",content_type="news",config_version="a",instance="e:8000"}'
_FAILURES = (
    'pipeline_failures_total{pipeline_stage="download",error_type="timeout",content_type="news",instance="e:8000"}'
)
_PROGRESS = 'pipeline_items_in_progress{job="pipeline",instance="e:8000"}'
_REJECTED = 'exporter_rejected_records_total{reason="malformed",instance="e:8000"}'
_OVERFLOW = 'exporter_label_overflow_total{label="content_type",instance="e:8000"}'

_ONE, _OTHER = 'up{job="pipeline",instance="e:8000"}', 'up{job="pipeline",instance="f:8000"}'
_DOWN = (
    Case(
        "fires when one of two is down, and resolves",
        {_ONE: "1x9 0x9 1x10", _OTHER: "1x30"},
        silent=("9m", "11m", "21m"),
        at="13m",
        labels={"instance": "e:8000"},
        texts={
            "summary": "The exporter e:8000 is down",
            "description": "Prometheus has not reached e:8000 for 2m or longer (target: every exporter up). Nothing is "
            f"counted meanwhile; senders spool. {DOWN.advice}",
        },
    ),
    Case("silent after a restart", {_ONE: "1x9 0 1x20", _OTHER: "1x30"}, silent=("10m", "12m", "14m")),
    Case(
        "fires when there is no target",
        {'up{job="prometheus",instance="p:9090"}': "1x10"},
        silent=("1m",),
        at="4m",
        texts={
            "summary": "No exporter is scraped",
            "description": "Prometheus has had no target in job pipeline for 2m or longer (target: every exporter up). "
            f"Nothing is counted meanwhile; senders spool. {DOWN.advice}",
        },
    ),
    Case(
        "silent when a target of another job is down",
        {_ONE: "1x30", 'up{job="another",instance="another:9100"}': "0x30"},
        silent=("10m",),
    ),
)

_FLAT = {_ITEMS: "7x60", _FAILURES: "5x60"}
_THREE_HANG = {
    "summary": "The pipeline is stalled with 3 items in progress",
    "description": "3 items have been in progress throughout the last 15m, and none finished or failed (target: items "
    f"leave). {STALLED.advice}",
}
_STALLED = (
    Case(
        "fires after 15m without an end, and resolves when one finishes",
        {_PROGRESS: "0x9 3x50", _ITEMS: "7x40 8x19", _FAILURES: "5x60"},
        silent=("9m", "23m", "42m"),
        at="27m",
        texts=_THREE_HANG,
    ),
    Case("fires with nothing but the gauge there", {_PROGRESS: "3x60"}, silent=("13m",), at="17m", texts=_THREE_HANG),
    *(
        Case(
            f"silent until the last {what} is 15m ago",
            {_PROGRESS: "3x60", **_FLAT, series: "7x20 8x39"},
            silent=("33m",),
            at="38m",
            texts=_THREE_HANG,
        )
        for what, series in (("end", _ITEMS), ("failure", _FAILURES))
    ),
    Case("silent while items fail", {_PROGRESS: "3x60", _FAILURES: "0+1x60"}, silent=("20m", "40m")),
    Case("silent while items finish", {_PROGRESS: "3x60", _ITEMS: "0+1x60"}, silent=("20m", "40m")),
    Case(
        "silent when nothing was under way for a moment",
        {_PROGRESS: "3x12 0 3x12 0 3x12", **_FLAT},
        silent=("20m", "38m"),
    ),
    Case("silent when idle", {_PROGRESS: "0x60", **_FLAT}, silent=("20m", "40m")),
    Case("silent without a pipeline", _FLAT, silent=("20m",)),
)

_DROPPED = lasting(
    (_REJECTED, _OVERFLOW),
    {
        "description": "The exporter has refused records or label values for 15m or longer (10 in the last 5m, target "
        f"0), so that figures are incomplete. {METRICS_DROPPED.advice}"
    },
)

CASES: Mapping[str, tuple[Case, ...]] = {DOWN.name: _DOWN, STALLED.name: _STALLED, METRICS_DROPPED.name: _DROPPED}
