"""Every domain, and with them every metric family, label and event that pipemeter knows.

Ours are listed here; other packages add theirs by an entry point (docs/extend.md), looked for when somebody first asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, reduce
from operator import or_
from typing import Any

from prometheus_client import CollectorRegistry

from pipeline.domains.content.domain import DOMAIN as CONTENT
from pipeline.domains.event import DomainEvent
from pipeline.domains.exporter.domain import DOMAIN as EXPORTER
from pipeline.domains.others import Loaded, load
from pipeline.errors import DomainError
from pipeline.logger import Logger
from pipeline.metrics.declarations import Declarations
from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues
from pipeline.metrics.registry import Metrics

_log = Logger("pipeline.domains")
DOMAINS: tuple[Domain, ...] = (CONTENT, EXPORTER)  # ours, in the order of the exposition
FAMILIES: tuple[Family, ...] = tuple(family for domain in DOMAINS for family in domain.families)  # ours


def domains() -> tuple[Domain, ...]:
    """Return all domains: ours, then those of other packages. Raises DomainError for one that cannot be used."""
    if refused := _loaded().refused:
        raise DomainError(refused)
    return _loaded().domains


def sound_domains() -> tuple[Domain, ...]:
    """Return the domains that can be used; those that cannot are logged, once. For what must never raise."""
    _warn_of_refused()
    return _loaded().domains


def families() -> tuple[Family, ...]:
    """Return the families of all domains."""
    return tuple(_declarations().families.values())


def family(name: str) -> Family:
    """Return the family of that name. Raises LookupError."""
    return _declarations().family(name)


def label_of(
    family: Family, name: str, known: KnownValues = NOTHING_KNOWN, caps: Mapping[str, int] | None = None
) -> Label:
    """Return the declaration of one label of one family (see `Declarations.label`). Raises LookupError."""
    return _declarations().label(family, name, known, caps)


@cache
def event_types() -> tuple[type[DomainEvent], ...]:
    """Return the types of event of all domains."""
    return tuple(event for domain in domains() for event in domain.events)


@cache
def any_event() -> Any:
    """Return the union of all types of event, as a type to decode. Raises DomainError, as `domains`."""
    return reduce(or_, event_types())


def live_metrics(
    registry: CollectorRegistry, *, known: KnownValues = NOTHING_KNOWN, caps: Mapping[str, int] | None = None
) -> Metrics:
    """Return the families of all domains, alive in a registry (see `Metrics`). Raises DomainError, as `domains`."""
    return Metrics(registry, domains(), known=known, caps=caps)


@cache
def _loaded() -> Loaded:
    return load(DOMAINS)


@cache
def _warn_of_refused() -> None:
    if refused := _loaded().refused:
        _log.warning("domains left out", reasons=list(refused))


@cache
def _declarations() -> Declarations:
    return Declarations(domains())
