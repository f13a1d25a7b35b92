"""The labels that alerts carry, beside those that every alert has: made from what the domains declare."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.domains import catalogue
from monitoring.domains.band import OVERRIDDEN_BY
from monitoring.domains.domain import Domain
from monitoring.targets import waiting
from monitoring.targets.slos import can_have_objective

EVERY = ("alertname", "severity", "domain")  # what every alert carries
SLO, TIER = "slo", "burnrate_tier"  # what alerts of burn rates carry


def of_domain(domain: Domain) -> tuple[str, ...]:
    """Return the labels by which alerts of one name in a domain differ, but for the tier of a burn rate."""
    split = any(OVERRIDDEN_BY in catalogue.signal(metric.signal).splits for metric in domain.metrics)
    burns = any(can_have_objective(signal) for signal in domain.signals)
    by = [label for metric in domain.metrics for label in metric.by]
    further = [label for alert in domain.alerts for label in alert.further]
    return tuple(dict.fromkeys(([OVERRIDDEN_BY] if split else []) + by + further + ([SLO] if burns else [])))


def of_all(domains: Iterable[Domain] | None = None) -> tuple[str, ...]:
    """Return the labels by which alerts of one name differ in any of the domains; None: in all there are."""
    found = catalogue.domains() if domains is None else domains
    return tuple(dict.fromkeys(label for domain in found for label in of_domain(domain)))


def identity() -> tuple[str, ...]:
    """Return the labels that make an alert this alert and no other, those of domains to come among them.

    `alertname` is on every alert, so that labels missing on both sides, which Alertmanager counts as equal, never make
    two different alerts look alike.
    """
    measured = of_all(domain for domain in catalogue.domains() if domain.recorded)
    return tuple(dict.fromkeys(("alertname", "domain", *measured, *waiting.LABELS, *of_all())))
