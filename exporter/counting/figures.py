"""The figures that the API tells, worked out from sums of the families that each signal says it is made of.

Where the sums come from is the same to them: this process's counters, or increases that Prometheus was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporter.counting.snapshot import cells_of, children_of
from monitoring.domains.catalogue import signal
from monitoring.domains.series import family_of
from monitoring.domains.signal import Term
from pipeline.domains import catalogue
from pipeline.metrics.registry import Metrics

QUALITY = ("quality_score_avg", "coherence_avg", "completeness_avg", "informativeness_avg")
_TOLD: dict[str, tuple[str, ...]] = {  # signal -> the labels that the API splits it by
    "bypass_rate": ("content_type",),
    "early_exit_rate": (),
    "time_savings": (),
    "saved_seconds": (),
    "item_duration_avg_seconds": ("content_type",),
    "early_exits": ("checkpoint", "reason"),
    "exit_confidence_avg": ("checkpoint",),
    "quality_score_scored_avg": ("content_type",),
    **dict.fromkeys(QUALITY, ("content_type",)),
}
Sums = Mapping[str, Mapping[tuple[str, ...], float]]  # series -> its values of the labels in SPLIT -> sum


def _split() -> dict[str, tuple[str, ...]]:
    """Return the series that the figures are made of, each with the labels that something asks about."""
    asked: dict[str, set[str]] = {}
    for name, by in _TOLD.items():
        for term in (*signal(name).numerator, *signal(name).denominator):
            asked.setdefault(term.series, set()).update(by, (label for label, _ in term.where))
    labels = {series: catalogue.family(family_of(series)[0]).labels for series in asked}
    return {series: tuple(label for label in labels[series] if label in wanted) for series, wanted in asked.items()}


SPLIT = _split()


def sums_of(metrics: Metrics) -> Sums:
    """Read the sums off the metrics: what they stand at."""
    return {series: _summed(metrics, series) for series in SPLIT}


def _summed(metrics: Metrics, series: str) -> dict[tuple[str, ...], float]:
    name, suffix = family_of(series)
    metric = metrics.family(name)
    kept = [metric._labelnames.index(label) for label in SPLIT[series]]
    found: dict[tuple[str, ...], float] = {}
    for values, child in children_of(metric):
        labels = tuple(values[position] for position in kept)
        found[labels] = found.get(labels, 0.0) + _read(child, suffix)
    return found


def _read(child: Any, suffix: str) -> float:
    cells = cells_of(child)  # of a histogram: its buckets, then its sum
    return float(sum(cell.get() for cell in cells[:-1]) if suffix == "_count" else cells[-1].get())


def total(sums: Sums, terms: Sequence[Term], **narrowed: str) -> float:
    """Return the sum of the terms, of these label values only."""
    return sum(value for term in terms for _, value in _rows(sums, term, narrowed))


def ratio(sums: Sums, name: str, **narrowed: str) -> float | None:
    """Return a ratio or mean by its signal's name: sums divided by sums; None when there is nothing to divide by."""
    asked = signal(name)
    whole = total(sums, asked.denominator, **narrowed)
    return total(sums, asked.numerator, **narrowed) / whole if whole else None


def counts_by(sums: Sums, terms: Sequence[Term], label: str, **narrowed: str) -> dict[str, float]:
    """Return the sums of the terms for each value that a label has."""
    found: dict[str, float] = {}
    for term in terms:
        position = SPLIT[term.series].index(label)
        for labels, value in _rows(sums, term, narrowed):
            found[labels[position]] = found.get(labels[position], 0.0) + value
    return found


def _rows(sums: Sums, term: Term, narrowed: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], float]]:
    names = SPLIT[term.series]
    wanted = [(names.index(label), values) for label, values in term.where]
    wanted += [(names.index(label), (value,)) for label, value in narrowed.items()]
    for labels, value in sums.get(term.series, {}).items():
        if all(labels[position] in values for position, values in wanted):
            yield labels, value
