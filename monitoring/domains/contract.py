"""What a domain promises before it is judged by: each promise that it breaks, as a sentence.

Alerts lead somewhere and say what to do; signals are made of what is exposed; thresholds can be reached. What rules and
panels name beyond that is held against the vocabulary when they are compiled.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from monitoring.domains.band import EDGES, Metric
from monitoring.domains.domain import Domain
from monitoring.domains.series import edge_text, family_of, refuse_between_edges
from monitoring.domains.signal import Signal, Term
from pipeline.domains import catalogue

_SECTION = re.compile(r"^[a-z][a-z0-9_]*$")
_FOREIGN = ("up",)  # series of Prometheus itself that signals are made of
_TARGET_LABELS = ("job", "instance")


def broken_promises(domains: Iterable[Domain]) -> list[str]:
    """Return what is wrong with any of the domains, or between them, each as a sentence that names the domain."""
    found = list(domains)
    problems = [f"domain {domain.name}: {problem}" for domain in found for problem in _of(domain)]
    return problems + list(_clashes(found))


def _of(domain: Domain) -> Iterator[str]:
    for signal in domain.signals:
        yield from (f"signal {signal.name} {problem}" for problem in _of_signal(signal))
    signals = {signal.name: signal for signal in domain.signals}
    for metric in domain.metrics:
        if metric.signal in signals:
            yield from (f"{metric.path} {problem}" for problem in _of_metric(metric, signals[metric.signal]))
        else:
            yield f"{metric.path} judges the signal {metric.signal!r}, which it does not declare"
    for name in domain.headlines:
        if name not in signals:
            yield f"tells of the signal {name!r} in its headlines, which it does not declare"
    yield from _of_alerts(domain)


def _of_signal(signal: Signal) -> Iterator[str]:
    for term in (*signal.numerator, *signal.denominator, *signal.volume):
        try:
            labels = _labels(term)
        except LookupError:
            yield f"is made of {term.series}, which no domain exposes"
            continue
        for split in signal.splits:
            if split not in labels:
                yield f"is split by {split!r}, which {term.series} does not have"
        for label, values in term.where:
            if label not in labels:
                yield f"is narrowed by {label!r}, which {term.series} does not have"
            elif allowed := labels[label]:
                yield from (f"asks for {label} {value!r}, which never is" for value in values if value not in allowed)
    if signal.kind == "share" and not any(_has_edge(term, signal.edge) for term in signal.numerator):
        yield f"counts what is above {signal.edge:g}, which is no bucket edge of {signal.numerator[0].series}"


def _labels(term: Term) -> dict[str, tuple[str, ...]]:
    """Return the labels of a series, each with its values; none for those that are not closed. Raises LookupError."""
    labels: dict[str, tuple[str, ...]] = dict.fromkeys(_TARGET_LABELS, ())
    if term.series in _FOREIGN:
        return labels
    name, suffix = family_of(term.series)
    family = catalogue.family(name)
    if suffix == "_bucket":
        labels["le"] = (*map(edge_text, family.buckets), "+Inf")
    for name in family.labels:
        label = catalogue.label_of(family, name)
        labels[name] = () if label.cap else label.values
    return labels


def _has_edge(term: Term, edge: float) -> bool:
    try:
        return edge in catalogue.family(family_of(term.series)[0]).buckets
    except LookupError:
        return True  # said already


def _of_metric(metric: Metric, signal: Signal) -> Iterator[str]:
    if not _SECTION.match(metric.section) or not _SECTION.match(metric.key):
        yield "is no key of monitoring.yaml: expected small letters, digits and _"
    if not metric.board:
        yield "has no board that its alerts lead to"
    for label in metric.by:
        if label not in signal.splits:
            yield f"is judged by {label!r}, by which {signal.name} cannot be split"
    for alert, advice in metric.alerts:
        if not advice:
            yield f"has an alert {alert} without advice: what to do first"
    edges = [(name, value) for name in EDGES if (value := getattr(metric.defaults, name)) is not None]
    for (lower, low), (upper, high) in pairwise(edges):
        if low > high:
            yield f"has {lower} {low:g} above {upper} {high:g}"
    for name, value in edges:
        if not 0 <= value <= metric.maximum:
            yield f"has {name} {value:g}: expected from 0 to {metric.maximum:g}"
        elif name != "target":
            if not (metric.low_alert if name.endswith("low") else metric.high_alert):
                yield f"has {name} {value:g}, and no alert on that side"
            try:
                refuse_between_edges(signal, value)
            except (LookupError, ValueError) as error:
                yield f"has {name} {edge_text(value)}: expected {error}"


def _of_alerts(domain: Domain) -> Iterator[str]:
    banded = [alert for metric in domain.metrics for alert, _ in metric.alerts]
    burning = [signal.burn.alert for signal in domain.signals if signal.burn]
    fixed = [alert.name for alert in domain.alerts]
    for name in (*banded, *burning, *fixed):
        if not domain.runbook(name).is_file():
            yield f"alert {name} has no runbook: {domain.runbook_path(name)} is missing"
    for name in fixed:
        if not any(case.at for case in domain.cases.get(name, ())):
            yield f"alert {name} has no case in which it fires"
    yield from (f"has cases of {name}, which is none of its alerts" for name in domain.cases if name not in fixed)


def _clashes(domains: list[Domain]) -> Iterator[str]:
    alerts = [
        *(alert for domain in domains for metric in domain.metrics for alert, _ in metric.alerts),
        *(signal.burn.alert for domain in domains for signal in domain.signals if signal.burn),
        *(alert.name for domain in domains for alert in domain.alerts),
    ]
    kinds = {
        "domains are called": [domain.name for domain in domains],
        "signals are called": [signal.name for domain in domains for signal in domain.signals],
        "keys of monitoring.yaml are called": [metric.path for domain in domains for metric in domain.metrics],
        "keys of monitoring.yaml judge the signal": [m.signal for domain in domains for m in domain.metrics],
        "alerts are called": alerts,
        "boards are called": [board.name for domain in domains for board in domain.boards],
    }
    for what, names in kinds.items():
        yield from (f"{count} {what} {name}" for name, count in Counter(names).items() if count > 1)
