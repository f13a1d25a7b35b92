"""Domains of other packages: found by their entry point, checked, and kept from doing harm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from typing import Any

import msgspec
import structlog

from pipeline.domains.contract import bound, problems
from pipeline.domains.exporter.families import REJECTED_RECORDS
from pipeline.errors import FOREIGN_FAILURES, told
from pipeline.metrics.domain import Domain, Handler
from pipeline.metrics.registry import Metrics

GROUP = "pipemeter.domains"
_log = structlog.get_logger("pipeline.domains")


class Loaded(msgspec.Struct, frozen=True):
    """The domains that can be used, ours first, and a sentence for each reason why another cannot."""

    domains: tuple[Domain, ...]
    refused: tuple[str, ...] = ()


def load(ours: Sequence[Domain]) -> Loaded:
    """Add the domains that other packages have under the entry point group `pipemeter.domains`, by package and name.

    Never raises for what another package does.
    """
    points, refused = _points()
    domains, owners = list(ours), dict[str, str]()
    for package, point in sorted(points, key=lambda found: (found[0], found[1].name)):
        if not point.pattern.match(point.value):
            refused.append(
                f"{package}: domain {point.name}: its entry point is {point.value!r}, expected package.module:ATTRIBUTE"
            )
            continue
        try:
            domain = point.load()
            found = problems(domain, package, domains, owners)
        except FOREIGN_FAILURES as error:  # importing is running somebody else's code, and so is looking at values
            refused.append(f"{package}: domain {point.name}: cannot be loaded: {told(error)}")
            continue
        refused += found
        if not found:
            domains.append(_careful(domain))
            owners[domain.name] = package
    return Loaded(tuple(domains), tuple(" ".join(sentence.split()) for sentence in refused))


def _points() -> tuple[list[tuple[str, EntryPoint]], list[str]]:
    """Return the entry points with their packages, and a sentence for each package whose own cannot be read."""
    try:
        return [(_package(point.dist, point.value), point) for point in entry_points(group=GROUP)], []
    except FOREIGN_FAILURES:  # one file that is damaged spoils the question for all: each is asked by itself
        found, refused = list[tuple[str, EntryPoint]](), list[str]()
        for dist in _first_of_each(distributions()):
            try:
                points = dist.entry_points.select(group=GROUP)
            except FOREIGN_FAILURES as error:
                if _names_our_group(dist):
                    refused.append(f"{_package(dist, 'a package')}: its entry_points.txt cannot be read: {told(error)}")
                continue
            found += [(_package(dist, point.value), point) for point in points]
        return found, refused


def _first_of_each(found: Iterable[Distribution]) -> Iterator[Distribution]:
    """Yield one distribution a name, the first on the path: it is the one that imports find."""
    seen = set[str]()
    for dist in found:
        name = _package(dist, "").partition(" ")[0].lower().replace("_", "-").replace(".", "-")
        if not name or name not in seen:
            seen.add(name)
            yield dist


def _names_our_group(dist: Distribution) -> bool:
    """Tell whether a damaged file names our group: a package that has nothing to do with us is no reason to stop."""
    try:
        return GROUP in (dist.read_text("entry_points.txt") or "")
    except UnicodeDecodeError as error:
        return GROUP.encode() in error.object
    except OSError:
        return False


def _package(dist: Distribution | None, otherwise: str) -> str:
    try:
        return f"{dist.name} {dist.version}" if dist and dist.name else otherwise
    except FOREIGN_FAILURES:  # its metadata is damaged
        return otherwise


def _careful(domain: Domain) -> Domain:
    """Return the domain with handlers that never raise: one bad event must not take others with it, nor a restart."""
    if domain.handlers is None:
        return domain

    def handlers(metrics: Metrics) -> Mapping[type, Handler]:
        for family in domain.families:
            metrics.watch(family)
        try:
            theirs = bound(domain, metrics)
        except FOREIGN_FAILURES as error:  # the first time, when it was loaded, they could
            _log.error("domain not counted", domain=domain.name, error=told(error))
            theirs = {}
        return {event: _kept(theirs.get(event, _unbound), metrics) for event in domain.events}

    return msgspec.structs.replace(domain, handlers=handlers)


def _unbound(_: object) -> None:
    raise LookupError("the handlers of its domain could not be bound")


def _kept(handler: Handler, metrics: Metrics) -> Handler:
    rejected = metrics.series(REJECTED_RECORDS)

    def careful(event: Any) -> None:
        try:
            handler(event)
        except FOREIGN_FAILURES as error:
            rejected("invalid").inc()
            _log.error("event not counted", event_type=type(event).__name__, error=told(error))

    return careful
