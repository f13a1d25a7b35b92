"""Domains of other packages: found by their entry point, checked, and kept from doing harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from pipeline.domains.contract import problems
from pipeline.domains.exporter.families import REJECTED_RECORDS
from pipeline.logger import Logger
from pipeline.metrics.domain import Domain, Handler
from pipeline.metrics.registry import Metrics

GROUP = "pipemeter.domains"
_log = Logger("pipeline.domains")


class Loaded(msgspec.Struct, frozen=True):
    """The domains that can be used, ours first, and a sentence for each reason why another cannot."""

    domains: tuple[Domain, ...]
    refused: tuple[str, ...] = ()


def load(ours: Sequence[Domain]) -> Loaded:
    """Add the domains that other packages have under the entry point group `pipemeter.domains`, by package and name."""
    domains, refused = list(ours), list[str]()
    for package, point in sorted(_points(), key=lambda found: (found[0], found[1].name)):
        try:
            domain = point.load()
        except Exception as error:  # noqa: BLE001 - importing is running somebody else's code
            refused.append(f"{package}: domain {point.name}: cannot be loaded: {type(error).__name__}: {error}")
            continue
        found = problems(domain, package, domains)
        refused += found
        if not found:
            domains.append(_careful(domain))
    return Loaded(tuple(domains), tuple(" ".join(sentence.split()) for sentence in refused))


def _points() -> Iterator[tuple[str, EntryPoint]]:
    for point in entry_points(group=GROUP):
        yield f"{point.dist.name} {point.dist.version}" if point.dist else point.value, point


def _careful(domain: Domain) -> Domain:
    """Return the domain with handlers that never raise: one bad event must not take others with it, nor a restart."""
    bind = domain.handlers
    if bind is None:
        return domain

    def handlers(metrics: Metrics) -> Mapping[type, Handler]:
        return {event: _kept(handler, metrics) for event, handler in bind(metrics).items()}

    return msgspec.structs.replace(domain, handlers=handlers)


def _kept(handler: Handler, metrics: Metrics) -> Handler:
    rejected = metrics.series(REJECTED_RECORDS)

    def careful(event: Any) -> None:
        try:
            handler(event)
        except Exception as error:  # noqa: BLE001 - somebody else's code
            rejected("invalid").inc()
            _log.error("event not counted", event_type=type(event).__name__, error=f"{type(error).__name__}: {error}")

    return careful
