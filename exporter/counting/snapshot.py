"""What all counters stood at, as one value that can be written down and put back.

Only what records make is in it. What a process says of itself (liveness, scrapes, refusals) starts anew with it.
Gauges of the configuration come back by applying the last `config_activated` of each version again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import msgspec
from prometheus_client import Histogram

from pipeline.events import ConfigActivated
from pipeline.metrics.registry import Metrics

STEP = 200  # children at a time


class FamilyState(msgspec.Struct, frozen=True):
    """Values of one family, or of some of its children: label values -> cells (a histogram's buckets, then its sum)."""

    name: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]
    children: list[tuple[tuple[str, ...], tuple[float, ...]]]


class KeptHours(msgspec.Struct, frozen=True):
    """The hours of all figures (see `hours`) as a snapshot holds them.

    `sets`: series, label names, label values. `hours`: Unix time of the start, positions in `sets`, what each grew by.
    `known_from`: Unix time from which on every hour is here that something was counted in; None: from the first record.
    """

    sets: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    hours: list[tuple[int, list[int], list[float]]] = []
    known_from: float | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that a restart has to put back. `since`: Unix time of the first record ever counted.

    `figures`: the figures by the hour; None in what versions wrote that kept quality alone (as `hours`: not read).
    """

    families: list[msgspec.Raw]  # each a FamilyState, encoded on its own so that none takes long
    configs: list[ConfigActivated]
    pushed: bytes = b""
    since: float | None = None
    figures: KeptHours | None = None


def kept_names(metrics: Metrics) -> list[str]:
    """Return the families of a snapshot."""
    return [name for name, family in metrics.declared.families.items() if family.kept == "counted"]


def children_of(metric: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Return the children of a metric with their label values (the metric itself when it has no labels)."""
    if not metric._labelnames:
        return [((), metric)]
    with metric._lock:
        return list(metric._metrics.items())


def cells_of(child: Any) -> list[Any]:
    """Return the value cells of a counter, gauge or histogram (its sum comes last)."""
    return [*child._buckets, child._sum] if isinstance(child, Histogram) else [child._value]


def capture(metrics: Metrics) -> Iterator[msgspec.Raw]:
    """Yield the encoded state of all families in small steps, between which the caller may let others run."""
    for name in kept_names(metrics):
        metric = metrics.family(name)
        children = children_of(metric)
        for first in range(0, len(children), STEP):
            cells = [(labels, cells_of(child)) for labels, child in children[first : first + STEP]]
            rows = [(labels, tuple(cell.get() for cell in mine)) for labels, mine in cells]
            state = FamilyState(name, tuple(metric._labelnames), _bounds(metric), rows)
            yield msgspec.Raw(msgspec.msgpack.encode(state))


def restore(metrics: Metrics, families: list[msgspec.Raw]) -> None:
    """Add the values of a snapshot to the metrics; label values go through today's guards."""
    known = set(kept_names(metrics))
    for raw in families:
        state = msgspec.msgpack.decode(raw, type=FamilyState)
        if state.name in known and tuple(metrics.family(state.name)._labelnames) == state.labels:
            _restore_family(metrics, state)


def _restore_family(metrics: Metrics, state: FamilyState) -> None:
    series = metrics.series(state.name)
    guards = [metrics.guard(state.name, label) for label in state.labels]
    for labels, values in state.children:
        child = series(*(guard(value) for guard, value in zip(guards, labels, strict=True)))
        _add(child, values, state.bounds, _bounds(series.metric))


def _add(child: Any, values: tuple[float, ...], before: tuple[float, ...], now: tuple[float, ...]) -> None:
    cells = cells_of(child)
    if before == now:
        for cell, value in zip(cells, values, strict=True):
            cell.inc(value)
        return
    # other edges than when it was written: a bucket's count goes where its upper edge lies
    for bound, value in zip(before, values, strict=False):
        cells[min(bisect_left(now, bound), len(now) - 1)].inc(value)
    cells[-1].inc(values[-1])


def _bounds(metric: Any) -> tuple[float, ...]:
    return tuple(metric._upper_bounds) if isinstance(metric, Histogram) else ()
