"""The families of the catalogue, alive in a registry, and the one door through which events reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pipeline.domains import catalogue
from pipeline.metrics.family import UNSPECIFIED, Family
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues
from pipeline.metrics.labels import LabelGuard

Metric = Counter | Gauge | Histogram
Handler = Callable[[Any], None]


class Series:
    """The time series of one family, found by label values without prometheus_client's own detour."""

    def __init__(self, metric: Any, labelled: bool) -> None:
        self.metric = metric
        self._children: dict[tuple[str, ...], Any] = {} if labelled else {(): metric}

    def __call__(self, *values: str) -> Any:
        """Return the child with these (guarded) label values."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self.metric.labels(*values)
        return child

    def forget(self, *values: str) -> None:
        """Remove one child from the exposition."""
        if self._children.pop(values, None) is not None:
            self.metric.remove(*values)


class Metrics:
    """All families of the catalogue in one registry, ready to take events.

    Known label sets stand at 0 from the start, so that the first increment is visible to `rate()`. `caps` replaces the
    catalogue's cap of a label (values in all, known ones included).
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        known: KnownValues = NOTHING_KNOWN,
        caps: Mapping[str, int] | None = None,
        families: Iterable[Family] = catalogue.FAMILIES,
    ) -> None:
        from pipeline.domains.content.handlers import ContentHandlers  # a domain module needs the names above
        from pipeline.domains.content.shadow import ShadowHandlers

        self.registry = registry
        self.known = known
        self._caps = dict(caps or {})
        self._families = {family.name: family for family in families}
        self._series = {
            name: Series(_declare(family, registry), bool(family.labels)) for name, family in self._families.items()
        }
        self._guards: dict[tuple[str, str], LabelGuard] = {}
        self.overflow = self.series("exporter_label_overflow_total")
        for family in self._families.values():
            self._stand_at_zero(family)
        self._handlers: dict[type, Handler] = {
            **ContentHandlers(self).handlers(),
            **ShadowHandlers(self).handlers(),
        }

    def apply(self, event: object) -> None:
        """Turn one valid event into increments."""
        self._handlers[type(event)](event)

    def apply_many(self, events: Iterable[object]) -> None:
        """Turn valid events into increments."""
        handlers = self._handlers
        for event in events:
            handlers[type(event)](event)

    def series(self, family: Family | str) -> Series:
        """Return the series of one family. Raises LookupError for one that no domain here declares."""
        name = family if isinstance(family, str) else family.name
        try:
            return self._series[name]
        except KeyError:
            raise LookupError(f"metric {name!r} is not declared in the catalogue") from None

    def family(self, family: Family | str) -> Any:
        """Return the prometheus_client object of one family."""
        return self.series(family).metric

    def guard(self, family: Family | str, label: str) -> LabelGuard:
        """Return the guard of a label; families that share a label's declaration share its guard."""
        declared = self._families[family if isinstance(family, str) else family.name]
        key = (declared.name if any(own.name == label for own in declared.own) else "", label)
        if key not in self._guards:
            declaration = catalogue.label_of(declared, label, self.known, self._caps)
            self._guards[key] = LabelGuard(declaration, lambda name: self.overflow(name).inc())
        return self._guards[key]

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
            return self.known.belonging(family, label, owner)
        if declaration.unspecified == "beside" or (declaration.unspecified == "alone" and not declaration.values):
            return (*declaration.values, UNSPECIFIED)
        return declaration.values


def _declare(family: Family, registry: CollectorRegistry) -> Metric:
    if family.kind == "histogram":
        return Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=registry)
    kind = Counter if family.kind == "counter" else Gauge
    return kind(family.name, family.help, family.labels, registry=registry)
