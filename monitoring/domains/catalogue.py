"""The domains that are judged, and all that they bring: the one list that everything else asks."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains.alert import Fixed
from monitoring.domains.band import Metric
from monitoring.domains.case import Case
from monitoring.domains.content.domain import DOMAIN as CONTENT
from monitoring.domains.domain import Domain
from monitoring.domains.exporter.domain import DOMAIN as EXPORTER
from monitoring.domains.signal import Signal

DOMAINS: tuple[Domain, ...] = (CONTENT, EXPORTER)
SIGNALS: Mapping[str, Signal] = {signal.name: signal for domain in DOMAINS for signal in domain.signals}
METRICS: tuple[Metric, ...] = tuple(metric for domain in DOMAINS for metric in domain.metrics)
SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(metric.section for metric in METRICS))
FIXED: tuple[Fixed, ...] = tuple(alert for domain in DOMAINS for alert in domain.alerts)
CASES: Mapping[str, tuple[Case, ...]] = {name: cases for domain in DOMAINS for name, cases in domain.cases.items()}


def domain(name: str) -> Domain:
    """Return the domain of that name. Raises LookupError."""
    found = next((one for one in DOMAINS if one.name == name), None)
    if found is None:
        raise LookupError(f"no domain is called {name!r}")
    return found


def signal(name: str) -> Signal:
    """Return the signal of that name. Raises LookupError."""
    try:
        return SIGNALS[name]
    except KeyError:
        raise LookupError(f"no domain declares a signal {name!r}") from None


def ends_of(name: str) -> tuple[Signal, ...]:
    """Return the lower and the upper end of a signal's interval; nothing for one that has none."""
    return tuple(signal for signal in SIGNALS.values() if signal.of == name)


def metric(section: str, key: str) -> Metric | None:
    """Return the metric of that section and key, None if there is none."""
    return next((m for m in METRICS if (m.section, m.key) == (section, key)), None)
