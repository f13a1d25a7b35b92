"""Families alive in a registry, and the one door through which events reach them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pipeline.errors import shown
from pipeline.metrics.declarations import Declarations
from pipeline.metrics.domain import Domain, Handler
from pipeline.metrics.family import UNSPECIFIED, Family
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues
from pipeline.metrics.labels import LABEL_OVERFLOW, LabelGuard

Metric = Counter | Gauge | Histogram


class Series:
    """The time series of one family, found by label values without prometheus_client's own detour."""

    def __init__(self, metric: Any, labelled: bool) -> None:
        self.metric = metric
        self._children: dict[tuple[str, ...], Any] = {} if labelled else {(): metric}
        self._guards: tuple[tuple[str, LabelGuard], ...] = ()

    def __call__(self, *values: str) -> Any:
        """Return the child with these (guarded) label values.

        Raises ValueError where a new child is watched (see `watch`) and a value did not go through its guard.
        """
        child = self._children.get(values)
        if child is None:
            self._check(values)
            child = self._children[values] = self.metric.labels(*values)
        return child

    def watch(self, guards: Mapping[str, LabelGuard]) -> None:
        """Refuse new children with a value that the guard of its label never let through: nothing would bound them."""
        self._guards = tuple(guards.items())

    def _check(self, values: tuple[str, ...]) -> None:
        for (label, guard), value in zip(self._guards, values, strict=False):  # of another number: labels() says so
            if not guard.lets_through(value):
                raise ValueError(f"label {label}: {shown(value)} did not go through its guard (metrics.guard)")

    def forget(self, *values: str) -> None:
        """Remove one child from the exposition."""
        if self._children.pop(values, None) is not None:
            self.metric.remove(*values)


class Metrics:
    """All families of some domains in one registry, ready to take their events.

    Known label sets stand at 0 from the start, so that the first increment is visible to `rate()`. `caps` replaces the
    declared cap of a label (values in all, known ones included).
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        domains: Iterable[Domain],
        *,
        known: KnownValues = NOTHING_KNOWN,
        caps: Mapping[str, int] | None = None,
    ) -> None:
        self.registry = registry
        self.declared = Declarations(domains)
        self._known = known
        self._caps = dict(caps or {})
        families = self.declared.families
        self._series = {name: Series(_live(family, registry), bool(family.labels)) for name, family in families.items()}
        self._guards: dict[tuple[str, str], LabelGuard] = {}
        self._overflow = self._series.get(LABEL_OVERFLOW.name)
        for family in families.values():
            self._stand_at_zero(family)
        self._handlers: dict[type, Handler] = {}
        for domain in self.declared.domains:
            if domain.handlers is not None:
                self._handlers |= domain.handlers(self)

    def apply(self, event: object) -> None:
        """Turn one valid event into increments."""
        self._handlers[type(event)](event)

    def takes(self, event: object) -> bool:
        """Tell whether a domain here declares events of this type."""
        return type(event) in self._handlers

    def apply_many(self, events: Iterable[object]) -> None:
        """Turn valid events into increments."""
        handlers = self._handlers
        for event in events:
            handlers[type(event)](event)

    def series(self, family: Family | str) -> Series:
        """Return the series of one family. Raises LookupError for one that no domain here declares."""
        name = family if isinstance(family, str) else family.name
        return self._series[self.declared.family(name).name]

    def watch(self, family: Family) -> None:
        """Have all that a family counts go through the guards of its labels (see `Series.watch`)."""
        self.series(family).watch({label: self.guard(family, label) for label in family.labels})

    def family(self, family: Family | str) -> Any:
        """Return the prometheus_client object of one family. Raises LookupError, as `series` does."""
        return self.series(family).metric

    def guard(self, family: Family | str, label: str) -> LabelGuard:
        """Return the guard of a label; families that share a label's declaration share its guard.

        Raises LookupError for a family or a label that no domain here declares.
        """
        whose = self.declared.family(family if isinstance(family, str) else family.name)
        key = (whose.name if whose.own_label(label) else "", label)
        if key not in self._guards:
            declaration = self.declared.label(whose, label, self._known, self._caps)
            self._guards[key] = LabelGuard(declaration, self._overflowed)
        return self._guards[key]

    def _overflowed(self, label: str) -> None:
        if self._overflow is not None:
            self._overflow(label).inc()

    def _stand_at_zero(self, family: Family) -> None:
        if family.labels and family.zeros:
            series = self.series(family)
            for values in self._known_sets(family, ()):
                series(*values)

    def _known_sets(self, family: Family, first: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Yield the label sets known beforehand that begin with `first`."""
        if len(first) == len(family.labels):
            yield first
            return
        for value in self._known_values(family, family.labels[len(first)], first):
            yield from self._known_sets(family, (*first, value))

    def _known_values(self, family: Family, label: str, before: tuple[str, ...]) -> tuple[str, ...]:
        declaration = self.guard(family, label).label
        if label in family.pairs:
            owner = before[family.labels.index(family.pairs[label])]
            return self._known.belonging(family, label, owner)
        if declaration.unspecified == "beside" or (declaration.unspecified == "alone" and not declaration.values):
            return (*declaration.values, UNSPECIFIED)
        return declaration.values


def _live(family: Family, registry: CollectorRegistry) -> Metric:
    if family.kind == "histogram":
        return Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=registry)
    kind = Counter if family.kind == "counter" else Gauge
    return kind(family.name, family.help, family.labels, registry=registry)
