"""Every domain, and with them every metric family, label and event that pipemeter knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec
from prometheus_client import CollectorRegistry

from pipeline.domains.content.domain import DOMAIN as CONTENT
from pipeline.domains.exporter.domain import DOMAIN as EXPORTER
from pipeline.metrics.declarations import Declarations
from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues
from pipeline.metrics.registry import Metrics

DOMAINS: tuple[Domain, ...] = (CONTENT, EXPORTER)  # ours, in the order of the exposition
FAMILIES: tuple[Family, ...] = tuple(family for domain in DOMAINS for family in domain.families)  # ours


def domains() -> tuple[Domain, ...]:
    """Return all domains."""
    return DOMAINS


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


def event_types() -> tuple[type[msgspec.Struct], ...]:
    """Return the types of event of all domains."""
    return tuple(event for domain in domains() for event in domain.events)


def live_metrics(
    registry: CollectorRegistry, *, known: KnownValues = NOTHING_KNOWN, caps: Mapping[str, int] | None = None
) -> Metrics:
    """Return the families of all domains, alive in a registry (see `Metrics`)."""
    return Metrics(registry, domains(), known=known, caps=caps)


@cache
def _declarations() -> Declarations:
    return Declarations(domains())
