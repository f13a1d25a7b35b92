"""What a domain promises before it is judged by: each promise that it breaks, as a sentence.

What it is made of has the shape that is declared; names can be those of files; alerts lead somewhere and say what to
do; signals are made of what is exposed; thresholds can be reached. What rules and panels name beyond that is held
against the vocabulary when they are compiled.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import pairwise

import promql_parser as promql

from monitoring.domains.alert import Fixed
from monitoring.domains.band import EDGES, MIN_WINDOW_SECONDS, Metric
from monitoring.domains.board import COLUMNS, Board
from monitoring.domains.domain import Domain
from monitoring.domains.series import edge_text, family_of, refuse_between_edges
from monitoring.domains.shapes import misfits
from monitoring.domains.signal import Signal, Term
from pipeline.domains import catalogue
from pipeline.errors import FOREIGN_FAILURES

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ALERT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # also the name of its runbook, and of the file of its tests
_BOARD = re.compile(r"[a-z][a-z0-9-]*")  # also the name of its file, and of its address in Grafana
_WORDS = "small letters, digits and _"
_DIVIDED = ("ratio", "mean", "share")  # kinds of signals with a denominator; of a quantile it only counts
_JUDGED = (*_DIVIDED, "quantile")  # kinds of signals that bands can be held against
_FOREIGN = ("up",)  # series of Prometheus itself that signals are made of
_TARGET_LABELS = ("job", "instance")


def broken_promises(domains: Iterable[Domain]) -> list[str]:
    """Return what is wrong with any of the domains, or between them, each as a sentence that names the domain."""
    found = list(domains)
    shapeless = {number: problems for number, domain in enumerate(found) if (problems := misfits(domain))}
    shaped = [domain for number, domain in enumerate(found) if number not in shapeless]  # others cannot be looked at
    problems = [f"domain {found[number].name}: {problem}" for number in shapeless for problem in shapeless[number]]
    problems += [f"domain {domain.name}: {problem}" for domain in shaped for problem in _of(domain)]
    return problems + list(_clashes(shaped))


def _of(domain: Domain) -> Iterator[str]:
    if unfit := list(_of_names(domain)):  # what has no name cannot be told of
        yield from unfit
        return
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
    for board in domain.boards:
        yield from (f"board {board.name} {problem}" for problem in _of_board(board))
    yield from _of_alerts(domain)


def _of_names(domain: Domain) -> Iterator[str]:
    kinds = (
        ("a domain", _NAME, _WORDS, (domain.name,)),
        ("a signal", _NAME, _WORDS, (signal.name for signal in domain.signals)),
        ("a variable", _NAME, _WORDS, (variable.name for variable in domain.variables)),
        ("an alert", _ALERT, "letters, digits and _", domain.alert_names),
        ("a board", _BOARD, "small letters, digits and -", (board.name for board in domain.boards)),
    )
    for what, pattern, words, names in kinds:
        for name in names:
            if not pattern.fullmatch(name):
                yield f"{name!r} cannot be the name of {what}: expected {words}, a letter first"
    try:
        files(domain.package)
    except FOREIGN_FAILURES:  # it may be imported for that
        yield f"package is {domain.package!r}, which cannot be found: expected the one that it stands in (__package__)"


def _of_board(board: Board) -> Iterator[str]:
    for panel in board.panels:
        if not 1 <= panel.width <= COLUMNS:
            yield f"has a panel {panel.title!r} with width {panel.width}: expected from 1 to {COLUMNS}"
        if panel.height < 1:
            yield f"has a panel {panel.title!r} with height {panel.height}: expected 1 or more"
        if not panel.asks:
            yield f"has a panel {panel.title!r} that asks for nothing"


def _of_signal(signal: Signal) -> Iterator[str]:
    if not signal.numerator:
        yield f"is a {signal.kind} of nothing: expected a numerator"
        return
    if signal.kind in _DIVIDED and not signal.denominator:
        yield f"is a {signal.kind} without a denominator"
    if signal.kind == "quantile" and not 0 < signal.quantile < 1:
        yield f"has the quantile {signal.quantile:g}: expected above 0 and below 1"
    if signal.kind in ("quantile", "share") and not signal.numerator[0].series.endswith("_bucket"):
        yield f"is a {signal.kind} of {signal.numerator[0].series}: expected the buckets of a histogram"
    if signal.burn and not signal.burn.advice:
        yield f"has an alert {signal.burn.alert} without advice: what to do first"
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
    if not _NAME.fullmatch(metric.section) or not _NAME.fullmatch(metric.key):
        yield f"is no key of monitoring.yaml: expected {_WORDS}"
    if signal.kind not in _JUDGED:
        yield f"judges {signal.name}, which is a {signal.kind}: expected one of {', '.join(_JUDGED)}"
    bands = metric.defaults
    for name, least in (("window", MIN_WINDOW_SECONDS), ("for_seconds", 0), ("min_items", 1)):
        if getattr(bands, name) < least:
            yield f"has {name} {getattr(bands, name)}: expected {least} or more"
    if bands.cooldown_minutes is not None and bands.cooldown_minutes < 1:
        yield f"has cooldown_minutes {bands.cooldown_minutes}: expected 1 or more, or None"
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
            yield f"has {name} {value:g}: expected from 0 to {metric.maximum:g} (Metric.maximum)"
        elif name != "target":
            if not (metric.low_alert if name.endswith("low") else metric.high_alert):
                yield f"has {name} {value:g}, and no alert on that side"
            try:
                refuse_between_edges(signal, value)
            except (LookupError, ValueError) as error:
                yield f"has {name} {edge_text(value)}: expected {error}"


def _of_alerts(domain: Domain) -> Iterator[str]:
    for alert in domain.alerts:
        yield from (f"alert {alert.name} {problem}" for problem in _of_alert(alert))
    fixed = [alert.name for alert in domain.alerts]
    for name in domain.alert_names:
        if not domain.runbook(name).is_file():
            yield f"alert {name} has no runbook: {domain.runbook_path(name)} is missing"
    for name in fixed:
        if not any(case.at for case in domain.cases.get(name, ())):
            yield f"alert {name} has no case in which it fires"
    yield from (f"has cases of {name}, which is none of its alerts" for name in domain.cases if name not in fixed)


def _of_alert(alert: Fixed) -> Iterator[str]:
    if not alert.advice:
        yield "has no advice: what to do first"
    if not alert.board:
        yield "has no board that it leads to"
    if alert.for_seconds < 0:
        yield f"has for_seconds {alert.for_seconds}: expected 0 or more"
    try:
        promql.parse(alert.expr)
    except ValueError as error:
        yield f"has an expression that is no PromQL: {error}"


def _clashes(domains: list[Domain]) -> Iterator[str]:
    kinds = {
        "domains are called": [domain.name for domain in domains],
        "signals are called": [signal.name for domain in domains for signal in domain.signals],
        "keys of monitoring.yaml are called": [metric.path for domain in domains for metric in domain.metrics],
        "keys of monitoring.yaml judge the signal": [m.signal for domain in domains for m in domain.metrics],
        "alerts are called": [name for domain in domains for name in domain.alert_names],
        "boards are called": [board.name for domain in domains for board in domain.boards],
    }
    for what, names in kinds.items():
        yield from (f"{count} {what} {name}" for name, count in Counter(names).items() if count > 1)
