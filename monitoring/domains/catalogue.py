"""The domains that are judged, and all that they bring: the one list that everything else asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.resources.abc import Traversable

import msgspec

from monitoring.domains.alert import Fixed
from monitoring.domains.band import Metric
from monitoring.domains.case import Case
from monitoring.domains.content.domain import DOMAIN as CONTENT
from monitoring.domains.contract import broken_promises
from monitoring.domains.domain import Domain
from monitoring.domains.exporter.domain import DOMAIN as EXPORTER
from monitoring.domains.signal import Signal
from monitoring.domains.variable import Variable
from pipeline.domains import catalogue
from pipeline.errors import FOREIGN_FAILURES, DomainError, told
from pipeline.metrics.domain import Domain as Said

DOMAINS: tuple[Domain, ...] = (CONTENT, EXPORTER)


class Registry(msgspec.Struct, frozen=True):
    """What some domains bring together, in their order."""

    domains: tuple[Domain, ...]
    signals: Mapping[str, Signal]
    metrics: tuple[Metric, ...]
    fixed: tuple[Fixed, ...]
    cases: Mapping[str, tuple[Case, ...]]
    variables: Mapping[str, Variable]


def registry_of(domains: Iterable[Domain]) -> Registry:
    """Put domains together. Raises DomainError with every promise that one of them breaks, a sentence each."""
    found = tuple(domains)
    if problems := broken_promises(found):
        raise DomainError(problems)
    return Registry(
        found,
        {signal.name: signal for domain in found for signal in domain.signals},
        tuple(metric for domain in found for metric in domain.metrics),
        tuple(alert for domain in found for alert in domain.alerts),
        {name: cases for domain in found for name, cases in domain.cases.items()},
        {variable.name: variable for domain in found for variable in domain.variables},
    )


@cache
def registry() -> Registry:
    """Return all domains put together, once: ours, and those of other packages that are installed.

    Raises DomainError for a domain that cannot be loaded or breaks its promises.
    """
    return registry_of((*DOMAINS, *(_judged(said) for said in catalogue.domains() if said.judged)))


def _judged(said: Said) -> Domain:
    """Return what another package's domain is judged by, from where it says that this stands."""
    module, _, attribute = said.judged.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except FOREIGN_FAILURES as error:
        raise DomainError([f"domain {said.name}: judged {said.judged!r}: {told(error)}"]) from error
    if not isinstance(found, Domain):
        raise DomainError([f"domain {said.name}: judged {said.judged!r}: expected a Domain of monitoring.domains"])
    if found.name != said.name:
        raise DomainError([f"domain {said.name}: judged {said.judged!r}: is called {found.name!r}, not like its side"])
    return found


def domains() -> tuple[Domain, ...]:
    """Return all domains that are judged."""
    return registry().domains


def domain(name: str) -> Domain:
    """Return the domain of that name. Raises LookupError."""
    found = next((one for one in domains() if one.name == name), None)
    if found is None:
        raise LookupError(f"no domain is called {name!r}")
    return found


def signals() -> Mapping[str, Signal]:
    """Return the signals of all domains by name."""
    return registry().signals


def signal(name: str) -> Signal:
    """Return the signal of that name. Raises LookupError."""
    try:
        return signals()[name]
    except KeyError:
        raise LookupError(f"no domain declares a signal {name!r}") from None


def ends_of(name: str) -> tuple[Signal, ...]:
    """Return the lower and the upper end of a signal's interval; nothing for one that has none."""
    return tuple(signal for signal in signals().values() if signal.of == name)


def metrics() -> tuple[Metric, ...]:
    """Return the keys of monitoring.yaml of all domains."""
    return registry().metrics


def metric_of(signal: str) -> Metric | None:
    """Return the key of monitoring.yaml by which a signal is judged, None if there is none."""
    return next((metric for metric in metrics() if metric.signal == signal), None)


def sections() -> tuple[str, ...]:
    """Return the sections of monitoring.yaml that hold such keys."""
    return tuple(dict.fromkeys(metric.section for metric in metrics()))


def fixed_alerts() -> tuple[Fixed, ...]:
    """Return the alerts without bands of all domains."""
    return registry().fixed


def heartbeats() -> tuple[str, ...]:
    """Return the names of the alerts that always fire: where none is there, no rules were evaluated."""
    return tuple(alert.name for alert in fixed_alerts() if alert.heartbeat)


def cases_of(alert: str) -> tuple[Case, ...]:
    """Return the test cases of an alert without bands."""
    return registry().cases.get(alert, ())


def runbooks() -> Mapping[str, Traversable]:
    """Return the file that holds what people wrote about each alert, by its name."""
    return {name: domain.runbook(name) for domain in domains() for name in domain.alert_names}


def variables() -> Mapping[str, Variable]:
    """Return what boards may be narrowed by, by the label that it narrows."""
    return registry().variables
