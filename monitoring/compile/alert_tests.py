"""promtool test cases for every alert.

Silent before `for`, after a short breach, just inside the band, without traffic and with too little; firing at the
breach with every label and annotation; resolved afterwards. What is expected is computed from the exact timeline that
is fed in, so that a rule that drifts from its target by 2 %, looks at another window, or compares the other way fails
at least one case (the tests of this package check that it does).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from monitoring.alerts.alert import Alert, BandCase, BurnCase
from monitoring.alerts.plan import Plan
from monitoring.alerts.recording_rules import SIGNALS_FILE, Group, burn_rates_file
from monitoring.alerts.rule_groups import alert_file, annotations_of
from monitoring.compile.watch import Stretch, Watch
from monitoring.compile.worlds import ANOTHER_JOB, Timeline, labels_of
from monitoring.domains import catalogue
from monitoring.domains.band import OVERRIDDEN_BY
from monitoring.domains.case import Case
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from monitoring.wording.values import humanize_duration, percent

FOLDER = "alert_rules/tests"
_SLACK = 2  # steps around a crossing that are left open: releases of Prometheus differ by one sample there
Document = dict[str, Any]


def alert_tests(plan: Plan) -> dict[str, Document]:
    """Return the promtool test documents by relative path: one an alert name, of burn rates one a tier.

    Each loads only the recording rules that its alerts need, so that the long walks take seconds, not minutes.
    """
    files = plan.files
    documents: dict[str, Document] = {}
    for alert in plan.alerts:
        needed = _recording_files(alert, files)
        same = [a for a in plan.by_name[alert.name] if set(_recording_files(a, files)) <= set(needed)]
        path = f"{FOLDER}/{_file_name(alert)}.yaml"
        document = documents.setdefault(path, _document(alert, [*needed, alert_file(alert.domain)], files))
        document["tests"] += cases_of(alert, same, plan.targets)
    return documents


def _file_name(alert: Alert) -> str:
    if isinstance(alert.case, BurnCase):
        return f"{alert.name}-{alert.case.slo.name}-{alert.case.tier.name}"
    return alert.name


def _recording_files(alert: Alert, files: Mapping[str, list[Group]]) -> list[str]:
    windows = {record.window for record in alert.records}
    paths = [SIGNALS_FILE, *(burn_rates_file(window) for window in sorted(windows))] if windows else []
    return [path for path in paths if path in files]


def _document(alert: Alert, paths: list[str], files: Mapping[str, list[Group]]) -> Document:
    return {
        "rule_files": [f"../../{path}" for path in paths],
        "evaluation_interval": format_duration(step_of(alert)),
        "group_eval_order": [group["name"] for path in paths for group in files[path]],
        "tests": [],
    }


def step_of(alert: Alert) -> int:
    """Return the seconds between two evaluations in an alert's tests: long windows are walked in long steps."""
    if isinstance(alert.case, BurnCase):
        return max(60, alert.case.tier.short_window // 6)
    if not isinstance(alert.case, BandCase) or alert.case.bands.window < 3600:
        return 60
    return 120 if alert.case.bands.window < 6 * 3600 else 300


def cases_of(alert: Alert, same: Sequence[Alert], targets: Targets) -> list[Document]:
    """Return the test cases of one alert; `same`: the alerts of its name that may fire beside it."""
    if alert.case is None:
        return [_written(case, alert, annotations_of(alert, targets)) for case in catalogue.cases_of(alert.name)]
    return list(_Cases(alert, same, targets).all())


def _written(case: Case, alert: Alert, annotations: Mapping[str, str]) -> Document:
    """Return a case of an alert without bands as promtool reads it."""
    checks: list[Document] = [{"eval_time": time, "alertname": alert.name, "exp_alerts": []} for time in case.silent]
    if case.at:
        texts = {name: labelled(text, case.labels) for name, text in annotations.items()}
        expected = {"exp_labels": {**alert.all_labels, **case.labels}, "exp_annotations": {**texts, **case.texts}}
        checks.append({"eval_time": case.at, "alertname": alert.name, "exp_alerts": [expected]})
    return {
        "name": f"{alert.name} {alert.severity}: {case.title}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": sorted(checks, key=lambda check: int(check["eval_time"][:-1])),
    }


class _Cases:
    def __init__(self, alert: Alert, same: Sequence[Alert], targets: Targets) -> None:
        self._alert = alert
        self._same = same
        self._targets = targets
        self._step = step_of(alert)
        self._watch = Watch(alert, self._step)
        self._plenty = Decimal(2 * max(Watch(other, self._step).min_items for other in same))

    def all(self) -> Iterator[Document]:
        yield self._constant()
        yield self._life()
        if self._alert.for_seconds:
            yield self._short_breach()
        if not self._watch.is_scraped:
            yield self._thin()
        if self._watch.is_burn:
            yield self._burst()

    def _constant(self) -> Document:
        """Breach from the first sample on: silent before `for`, then firing with every label and annotation."""
        watch = self._watch
        value, waits = watch.outside, watch.for_steps
        first = watch.min_items - 1 if watch.is_scraped else 1  # the first step with enough volume
        stretches = [Stretch(first + waits + 6, value, self._plenty)]
        fires = first + waits + (_SLACK if watch.is_scraped else 1)
        checks = [self._alerts(fires, [a for a in self._same if self._fires(a, value, fires, first)], value)]
        if before := first + waits - (_SLACK if watch.is_scraped else 1):
            checks.insert(
                0, self._alerts(before, [a for a in self._same if self._fires(a, value, before, first)], value)
            )
        return self._document("fires at the breach, with all it says", stretches, alert_rule_test=checks)

    def _fires(self, alert: Alert, value: Decimal, at: int, first: int) -> bool:
        other = Watch(alert, self._step)
        fed = labels_of(self._watch.signal.numerator[0], **self._watch.labels)
        is_fed = all(fed.get(label) == value for label, value in other.labels.items())
        return is_fed and other.breaches(value) and at >= first + other.for_steps

    def _life(self) -> Document:
        """Have no traffic, be just inside the band, just beyond it, healthy again."""
        watch, window = self._watch, max(self._watch.windows)
        count = self._just_enough()
        quiet = [] if watch.is_scraped else [Stretch(watch.for_steps + 5, watch.healthy, Decimal(0))]
        inside = Stretch(window + watch.for_steps + 5, watch.inside, count)
        beyond = Stretch(window + watch.for_steps + 2 * _SLACK + 2, watch.outside, count)
        healthy = Stretch(window + self._kept() + 2 * _SLACK, watch.healthy, count)
        stretches = [*quiet, inside, beyond, healthy]
        breached = watch.breached(stretches)
        begins = breached.index(True)
        ends = breached.index(False, begins)
        start = sum(s.steps for s in quiet)
        checks = [self._firing(start, False)] if quiet else []
        checks.append(self._firing(start + inside.steps, False))
        if begins + watch.for_steps - _SLACK > start + inside.steps:
            checks.append(self._firing(begins + watch.for_steps - _SLACK, False))
        checks.append(self._firing(begins + watch.for_steps + _SLACK, True))
        checks.append(self._firing(ends + self._kept() + _SLACK, False))
        title = "silent without traffic and just inside the band, firing beyond it, resolved when healthy"
        return self._document(title, stretches, promql_expr_test=checks)

    def _just_enough(self) -> Decimal:
        """Return items a step with which the long window holds a quarter more than `min_items`."""
        return (Decimal("1.25") * self._watch.min_items / self._watch.windows[0]).quantize(Decimal("0.0001"))

    def _kept(self) -> int:
        return -(-self._alert.keep_firing_seconds // self._step)

    def _short_breach(self) -> Document:
        """Breach, and be over it before `for` is: pending, never firing."""
        watch, window = self._watch, self._watch.windows[0]
        best: tuple[list[Stretch], int, int] | None = None
        for steps in range(1, window + 1):
            stretches = [
                Stretch(window + 2, watch.inside, self._plenty),
                Stretch(steps, watch.extreme, self._plenty),
                Stretch(window + watch.for_steps, watch.healthy, self._plenty),
            ]
            breached = watch.breached(stretches)
            if sum(breached) >= watch.for_steps - 1:
                break
            if any(breached):
                best = (stretches, breached.index(True), sum(breached))
        if best is None:  # `for` is shorter than any breach this window can show
            return self._thin()
        stretches, begins, lasting = best
        checks = [self._firing(at, False) for at in (begins + lasting, begins + watch.for_steps + 1)]
        if lasting >= _SLACK:
            checks.insert(0, self._state(begins + lasting // 2, "pending", True))
        return self._document("silent after a breach shorter than `for`", stretches, promql_expr_test=checks)

    def _thin(self) -> Document:
        """Be far beyond the threshold, but with too little traffic to say so."""
        watch, window = self._watch, self._watch.windows[0]
        count = (Decimal("0.8") * watch.min_items / window).quantize(Decimal("0.0001"))
        stretches = [Stretch(window + watch.for_steps + 5, watch.extreme, count)]
        check = self._firing(stretches[0].steps, False)
        return self._document("silent with too little traffic", stretches, promql_expr_test=[check])

    def _burst(self) -> Document:
        """Lift the long window by a burst; from then on the short window decides, just inside and just beyond."""
        watch = self._watch
        long, short = watch.windows
        # as long as it takes to lift the long window a fifth above the threshold
        burst = min(long, int(Decimal("1.2") * long * watch.threshold / watch.extreme) + 1)
        stretches = [
            Stretch(long, Decimal(0), self._plenty),
            Stretch(burst, watch.extreme, self._plenty),
            Stretch(2 * short + 2 * _SLACK, watch.inside, self._plenty),
            Stretch(short + 2 * _SLACK, watch.outside, self._plenty),
        ]
        breached = watch.breached(stretches)
        ended = long + burst
        over = breached.index(False, ended)
        last = sum(stretch.steps for stretch in stretches)
        checks = [self._firing(ended, True), self._firing(over + _SLACK, False), self._firing(last, True)]
        if over - _SLACK > ended:
            checks.insert(1, self._firing(over - _SLACK, True))
        return self._document("follows the short window once the long one burns", stretches, promql_expr_test=checks)

    def _document(self, title: str, stretches: Sequence[Stretch], **checks: list[Document]) -> Document:
        timeline = Timeline(self._watch.phases(stretches), self._step)
        name = " ".join([self._alert.name, *self._alert.all_labels.values()])
        series = timeline.input_series()
        if self._watch.is_scraped:
            series.append({"series": ANOTHER_JOB, "values": f"1x{timeline.length - 1}"})
        return {"name": f"{name}: {title}", "interval": format_duration(self._step), "input_series": series, **checks}

    def _firing(self, at: int, expected: bool) -> Document:
        return self._state(at, "firing", expected)

    def _state(self, at: int, state: str, expected: bool) -> Document:
        labels = {"alertname": self._alert.name, "alertstate": state, **self._alert.all_labels}
        labels[OVERRIDDEN_BY] = self._watch.labels.get(OVERRIDDEN_BY, "")
        matchers = ",".join(f'{name}="{value}"' for name, value in labels.items())
        samples = [{"labels": "{}", "value": 1}] if expected else []
        time = format_duration(at * self._step)
        return {"expr": f"count(ALERTS{{{matchers}}})", "eval_time": time, "exp_samples": samples}

    def _alerts(self, at: int, firing: Sequence[Alert], value: Decimal) -> Document:
        expected = [
            {
                "exp_labels": {**alert.all_labels, **Watch(alert, self._step).labels},
                "exp_annotations": {
                    key: rendered(text, value, Watch(alert, self._step)) for key, text in self._annotations(alert)
                },
            }
            for alert in firing
        ]
        return {"eval_time": format_duration(at * self._step), "alertname": self._alert.name, "exp_alerts": expected}

    def _annotations(self, alert: Alert) -> list[tuple[str, str]]:
        return list(annotations_of(alert, self._targets).items())


_WITH = re.compile(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ end \}\}")
_QUERY = re.compile(r"\{\{ with query \"(\d+) \* ([\d.]+) / [^\"]*\" \}\}[^}]*humanizeDuration \}\}\{\{ end \}\}")
_FORMATS: dict[str, Callable[[float], str]] = {
    "$value | humanizePercentage": percent,
    "$value | humanizeDuration": humanize_duration,
}
_PRINTED = re.compile(r"\{\{ \$value \| printf \"([^\"]+)\" \}\}")  # Go's formats of numbers are Python's


def labelled(text: str, labels: Mapping[str, str]) -> str:
    """Return an annotation with the labels put into its addresses."""

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        return found[2].replace("{{ . | urlquery }}", quote_plus(labels[name])) if name in labels else ""

    return _WITH.sub(filled, text)


def rendered(text: str, value: Decimal, watch: Watch) -> str:
    """Return an annotation as Prometheus renders it when the compared value is `value`."""
    text = labelled(text, watch.labels)
    for name, label in watch.labels.items():
        text = text.replace(f"{{{{ $labels.{name} }}}}", label)
    text = _QUERY.sub(lambda found: humanize_duration(float(found[1]) * float(found[2]) / float(value)), text)
    for template, form in _FORMATS.items():
        text = text.replace(f"{{{{ {template} }}}}", form(float(value)))
    return _PRINTED.sub(lambda found: found[1] % float(value), text)
