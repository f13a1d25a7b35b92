"""Alerts as they might come, with the texts of the real ones: for previews and for tests of the whole chain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from monitoring.alerts.alert import Alert, BandCase, BurnCase, alerts_of, of_content_type
from monitoring.alerts.rule_groups import annotations_of
from monitoring.compile.routing.routes import GROUP_BY, TEST_ID, TEST_LABEL
from monitoring.domains.catalogue import cases_of, signals
from monitoring.targets.channels import SEVERITIES
from monitoring.targets.targets import Targets
from monitoring.wording.values import humanize_duration, percent, say
from pipeline.errors import ConfigError, Problem
from pipeline.yaml_file import nearest

DEFAULT_ALERT = "PipelineQualityScoreLow"
_MANY = 7
_MINUTE = 60.0
_BEYOND = 1.2  # times the threshold: the share of bad events in an example
_URGENCY: dict[str, int] = {name: n for n, name in enumerate(SEVERITIES)}
_NEVER = "0001-01-01T00:00:00Z"
_INSTANCE = "localhost:8000"
_QUERY = re.compile(r"\{\{ with query .*?\{\{ end \}\}\s*(?:\{\{ end \}\})?", re.DOTALL)
_CHOICE = re.compile(
    r"\{\{-? ?(?:if|with) [^}]*\}\}((?:(?!\{\{-? ?(?:if|with) ).)*?)(?:\{\{ else \}\}.*?)?\{\{ end \}\}", re.DOTALL
)
_LABEL = re.compile(r"\{\{ *(?:\$labels\.(\w+)|(\.) ?)[^}]*\}\}")
_VALUE = re.compile(r"\{\{[^}]*\}\}")


class Sample(msgspec.Struct, frozen=True):
    """One alert. Times in Unix seconds; `ends_at` None: it fires."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float
    ends_at: float | None = None


class Situation(msgspec.Struct, frozen=True):
    """Alerts that make one message."""

    name: str
    alerts: tuple[Sample, ...]


def alert_named(targets: Targets, name: str | None, severity: str | None = None) -> Alert:
    """Return an alert by its name, the most urgent one unless a severity is asked for.

    Raises ConfigError with the nearest name, or with the severities that it has.
    """
    alerts = alerts_of(targets)
    wanted = name or (DEFAULT_ALERT if any(a.name == DEFAULT_ALERT for a in alerts) else alerts[0].name)
    mine = [alert for alert in alerts if alert.name == wanted]
    if not mine:
        raise _refused("--alert", wanted, nearest(wanted, {alert.name for alert in alerts}))
    mine.sort(key=lambda alert: _URGENCY.get(alert.severity, len(_URGENCY)))
    found = next((alert for alert in mine if severity in (None, alert.severity)), None)
    if found is None:
        has = " or ".join(dict.fromkeys(alert.severity for alert in mine))
        raise _refused("--severity", str(severity), f"{has}, which {wanted} has")
    return found


def _refused(option: str, value: str, expected: str) -> ConfigError:
    return ConfigError([Problem("command line", None, option, value, expected)])


def sample(
    alert: Alert,
    targets: Targets,
    starts_at: float,
    ends_at: float | None = None,
    labels: Mapping[str, str] | None = None,
) -> Sample:
    """Return an alert with its real labels and texts; values that only Prometheus knows are examples."""
    firing = next((case.labels for case in cases_of(alert.name) if case.at), {})
    examples = {**firing, "instance": _INSTANCE}
    own = {label: examples.get(label, "example") for label in alert.further}
    every = {"alertname": alert.name, **own, **alert.all_labels, **(labels or {})}
    value, left = _value(alert), _left(alert)
    texts = {name: _filled(text, every, value, left) for name, text in annotations_of(alert, targets).items()}
    return Sample(every, texts, starts_at, ends_at)


def situations(targets: Targets, name: str | None, now: float) -> list[Situation]:
    """Return what a channel may be sent: firing, resolved, several at once where that can be, a test.

    Raises ConfigError.
    """
    urgent = alert_named(targets, name)
    milder = [alert for alert in alerts_of(targets) if (alert.name, alert.severity) == (urgent.name, "warning")]
    other = milder[0] if milder else urgent
    began = now - 25 * _MINUTE
    resolved = sample(other, targets, began, now - _MINUTE)
    several = [
        sample(one, targets, began + i, now - _MINUTE if i == _MANY - 1 else None, labels)
        for i, (one, labels) in enumerate(_together(other))
    ]
    return [
        Situation("firing", (sample(urgent, targets, began),)),
        Situation("resolved", (resolved,)),
        *([Situation("several", tuple(several))] if several else []),
        Situation("test", (sample(urgent, targets, began, labels=marks_of_a_test("1")),)),
    ]


def _together(alert: Alert) -> list[tuple[Alert, dict[str, str]]]:
    """Return alerts that make one group, such as of several instances or content types; none where there is but one."""
    names = [f"example-{i + 1}" for i in range(_MANY)]
    if alert.further:
        return [(alert, {alert.further[0]: name}) for name in names]
    if isinstance(alert.case, BandCase):
        return [(of_content_type(alert, alert.case, name), {"content_type": name}) for name in names]
    return []


def marks_of_a_test(test_id: str) -> dict[str, str]:
    """Return the labels that mark an alert as a test and keep it apart from all others."""
    return {TEST_LABEL: "true", TEST_ID: test_id}


def template_data(alerts: Iterable[Sample], alertmanager_url: str) -> dict[str, Any]:
    """Return alerts as Alertmanager hands them to its templates."""
    rows = [_row(alert) for alert in alerts]
    labels, annotations = (_common([row[what] for row in rows]) for what in ("labels", "annotations"))
    return {
        "receiver": "preview",
        "status": "firing" if any(row["status"] == "firing" for row in rows) else "resolved",
        "alerts": rows,
        "groupLabels": {name: labels[name] for name in GROUP_BY if name in labels},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": alertmanager_url,
    }


def timestamp(seconds: float) -> str:
    """Return Unix seconds as Alertmanager reads them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _row(alert: Sample) -> dict[str, Any]:
    status: Literal["firing", "resolved"] = "firing" if alert.ends_at is None else "resolved"
    return {
        "status": status,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": timestamp(alert.starts_at),
        "endsAt": _NEVER if alert.ends_at is None else timestamp(alert.ends_at),
        "generatorURL": "",
        "fingerprint": "",
    }


def _common(rows: list[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for name, value in rows[0].items() if all(row.get(name) == value for row in rows)}


def _value(alert: Alert) -> str:
    """Return a value that would make the alert fire."""
    if isinstance(alert.case, BurnCase):
        return percent(_bad(alert.case))
    if alert.case is None:
        return "12"
    factor = 0.9 if alert.case.side == "low" else 1.1
    return say(float(f"{alert.case.threshold * factor:.4g}"), signals()[alert.case.signal].unit)


def _bad(case: BurnCase) -> float:
    """Return the share of bad events in an example of an error budget's alert."""
    return min(1.0, float(case.threshold) * _BEYOND)


def _left(alert: Alert) -> str:
    """Return how long an error budget lasts at the value of the example."""
    if not isinstance(alert.case, BurnCase):
        return ""
    slo = alert.case.slo
    return humanize_duration(slo.window * float(slo.budget) / _bad(alert.case))


def _filled(text: str, labels: Mapping[str, str], value: str, left: str) -> str:
    """Put example values where Prometheus' templates would put theirs; of alternatives the first one is shown."""
    text, before = _QUERY.sub(left, text), ""
    while text != before:
        text, before = _CHOICE.sub(lambda found: _labelled(found[1], found[0], labels), text), text
    return _VALUE.sub(value, _LABEL.sub(lambda found: labels.get(found[1] or "", "example"), text))


def _labelled(inner: str, whole: str, labels: Mapping[str, str]) -> str:
    """Inside `with $labels.name`, the dot is that label."""
    named = re.match(r"\{\{-? ?with \$labels\.(\w+)", whole)
    return _LABEL.sub(lambda found: labels.get(found[1] or (named[1] if named else ""), "example"), inner)
