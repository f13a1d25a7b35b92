"""promtool test cases of the alerts without bands: each one's series and what it says of them, written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitoring.alerts.alert import Alert
from monitoring.compile.worlds import ANOTHER_JOB

Case = dict[str, Any]
Texts = Mapping[str, str]
_ITEMS = 'pipeline_items_total{processing_type="full",content_type="news",config_version="a",instance="e:8000"}'
_FAILURES = (
    'pipeline_failures_total{pipeline_stage="download",error_type="timeout",content_type="news",instance="e:8000"}'
)
_PROGRESS = 'pipeline_items_in_progress{job="pipeline",instance="e:8000"}'
_REJECTED = 'exporter_rejected_records_total{reason="malformed",instance="e:8000"}'
_OVERFLOW = 'exporter_label_overflow_total{label="content_type",instance="e:8000"}'
_UNDELIVERED = 'alertmanager_notifications_failed_total{integration="slack",instance="alertmanager:9093"}'
_UNEVALUATED = 'prometheus_rule_evaluation_failures_total{rule_group="g",instance="prometheus:9090"}'


class _Writer:
    """Writes the cases of one alert; `silent` and `firing` are instants of one input."""

    def __init__(self, alert: Alert, annotations: Texts) -> None:
        self._alert = alert
        self._annotations = annotations

    def case(self, title: str, series: Mapping[str, str], *, silent: Sequence[str] = (), **firing: Any) -> Case:
        """Return one case. `silent`: times without the alert; `at`: when it fires, with `labels` and `texts`."""
        checks = [self._check(time, []) for time in silent]
        if "at" in firing:
            checks.append(self._check(firing["at"], [self._expected(firing.get("labels", {}), firing["texts"])]))
        return {
            "name": f"{self._alert.name} {self._alert.severity}: {title}",
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "alert_rule_test": sorted(checks, key=lambda check: int(check["eval_time"][:-1])),
        }

    def _check(self, time: str, expected: list[Case]) -> Case:
        return {"eval_time": time, "alertname": self._alert.name, "exp_alerts": expected}

    def _expected(self, labels: Texts, texts: Texts) -> Case:
        return {"exp_labels": {**self._alert.all_labels, **labels}, "exp_annotations": {**self._annotations, **texts}}


def _down(alert: Alert, annotations: Texts) -> list[Case]:
    write = _Writer(alert, annotations)
    one, other = 'up{job="pipeline",instance="e:8000"}', 'up{job="pipeline",instance="f:8000"}'
    board = annotations["dashboard_url"].split("?")[0]
    below = {
        "summary": "The exporter e:8000 is down",
        "description": "Prometheus has not reached e:8000 for 2m or longer (target: every exporter up). Nothing is "
        "counted meanwhile; senders spool. " + alert.advice,
        "dashboard_url": f"{board}?var-instance=e%3A8000",
    }
    missing = {
        "summary": "No exporter is scraped",
        "description": "Prometheus has had no target in job pipeline for 2m or longer (target: every exporter up). "
        "Nothing is counted meanwhile; senders spool. " + alert.advice,
        "dashboard_url": f"{board}?",
    }
    return [
        write.case(
            "fires when one of two is down, and resolves",
            {one: "1x9 0x9 1x10", other: "1x30"},
            silent=("9m", "11m", "21m"),
            at="13m",
            labels={"instance": "e:8000"},
            texts=below,
        ),
        write.case("silent after a restart", {one: "1x9 0 1x20", other: "1x30"}, silent=("10m", "12m", "14m")),
        write.case(
            "fires when there is no target",
            {'up{job="prometheus",instance="p:9090"}': "1x10"},
            silent=("1m",),
            at="4m",
            texts=missing,
        ),
        write.case("silent when a target of another job is down", {one: "1x30", ANOTHER_JOB: "0x30"}, silent=("10m",)),
    ]


def _stalled(alert: Alert, annotations: Texts) -> list[Case]:
    write = _Writer(alert, annotations)
    texts = {
        "summary": "The pipeline is stalled with 3 items in progress",
        "description": "3 items have been in progress throughout the last 15m, and none finished or failed (target: "
        "items leave). " + alert.advice,
    }
    flat = {_ITEMS: "7x60", _FAILURES: "5x60"}
    return [
        write.case(
            "fires after 15m without an end, and resolves when one finishes",
            {_PROGRESS: "0x9 3x50", _ITEMS: "7x40 8x19", _FAILURES: "5x60"},
            silent=("9m", "23m", "42m"),
            at="27m",
            texts=texts,
        ),
        write.case(
            "fires with nothing but the gauge there", {_PROGRESS: "3x60"}, silent=("13m",), at="17m", texts=texts
        ),
        *(
            write.case(
                f"silent until the last {what} is 15m ago",
                {_PROGRESS: "3x60", **flat, series: "7x20 8x39"},
                silent=("33m",),
                at="38m",
                texts=texts,
            )
            for what, series in (("end", _ITEMS), ("failure", _FAILURES))
        ),
        write.case("silent while items fail", {_PROGRESS: "3x60", _FAILURES: "0+1x60"}, silent=("20m", "40m")),
        write.case("silent while items finish", {_PROGRESS: "3x60", _ITEMS: "0+1x60"}, silent=("20m", "40m")),
        write.case(
            "silent when nothing was under way for a moment",
            {_PROGRESS: "3x12 0 3x12 0 3x12", **flat},
            silent=("20m", "38m"),
        ),
        write.case("silent when idle", {_PROGRESS: "0x60", **flat}, silent=("20m", "40m")),
        write.case("silent without a pipeline", flat, silent=("20m",)),
    ]


def _lasting(
    series: Sequence[str], texts: Callable[[str], Texts], labels: Texts
) -> Callable[[Alert, Texts], list[Case]]:
    """Return the cases of an alert that fires while a counter has been growing for 15m."""

    def cases(alert: Alert, annotations: Texts) -> list[Case]:
        write = _Writer(alert, annotations)
        found = [
            write.case(
                "fires after 15m, and resolves",
                {name: "0x4 0+2x40 80x30"},
                silent=("4m", "18m", "53m"),
                at="25m",
                labels=labels,
                texts=texts(alert.advice),
            )
            for name in series
        ]
        found += [
            write.case("silent after a single time", {name: "0x9 2x40"}, silent=("10m", "14m", "30m"))
            for name in series
        ]
        return [*found, write.case("silent when nothing fails", dict.fromkeys(series, "5x40"), silent=("20m", "40m"))]

    return cases


def _dropped(advice: str) -> Texts:
    return {
        "description": "The exporter has refused records or label values for 15m or longer (10 in the last 5m, target "
        f"0), so that figures are incomplete. {advice}"
    }


def _undelivered(advice: str) -> Texts:
    return {
        "summary": "Alertmanager cannot deliver to slack",
        "description": f"Notifications to slack have failed for 15m or longer (10 in the last 5m, target 0). {advice}",
    }


def _unevaluated(advice: str) -> Texts:
    return {
        "description": "Rules have failed to evaluate for 15m or longer (10 times in the last 5m, target 0), so that "
        f"alerts may be silent that should fire. {advice}"
    }


def _watchdog(alert: Alert, annotations: Texts) -> list[Case]:
    write = _Writer(alert, annotations)
    return [write.case("fires from the first evaluation on, whatever there is", {}, at="0m", texts={})]


FIXED_CASES: dict[str, Callable[[Alert, Texts], list[Case]]] = {
    "PipelineDown": _down,
    "PipelineStalled": _stalled,
    "PipelineMetricsDropped": _lasting((_REJECTED, _OVERFLOW), _dropped, {}),
    "NotificationsFailing": _lasting((_UNDELIVERED,), _undelivered, {"integration": "slack"}),
    "RuleEvaluationFailing": _lasting((_UNEVALUATED,), _unevaluated, {}),
    "Watchdog": _watchdog,
}
