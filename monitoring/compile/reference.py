"""The pages of `docs/reference`: every metric, label, signal, alert and fact, as tables made of their declarations.

What there is to say about them in sentences stands in the hand-written pages beside the folder, which lead here. Only
the alerts depend on the targets; the other pages are those of the domains that are installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from monitoring.alerts.alert import Alert
from monitoring.alerts.rule_groups import header
from monitoring.domains.catalogue import signals
from monitoring.domains.signal import Signal
from monitoring.wording.durations import format_duration
from pipeline.decisions.facts import FACTS, FactDeclaration
from pipeline.domains import catalogue
from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family, Label

FOLDER = "docs/reference"


def reference(alerts: Iterable[Alert]) -> dict[str, str]:
    """Return every page by its path. `alerts`: those that the targets give, in the order of triage."""
    pages = {
        "metrics": ("pipeline/domains", metrics_page(catalogue.domains())),
        "labels": ("pipeline/domains", labels_page(catalogue.families())),
        "signals": ("monitoring/domains", signals_page(signals())),
        "alerts": ("config/monitoring.yaml", alerts_page(alerts)),
        "facts": ("pipeline/decisions/facts.py", facts_page(FACTS)),
    }
    return {f"{FOLDER}/{name}.md": _marked(source) + text for name, (source, text) in pages.items()}


def metrics_page(domains: Iterable[Domain]) -> str:
    """Return the page of all metric families, a table for each domain."""
    parts = ["# Metrics\n\nEvery family that is exposed. [Metrics](../metrics.md) says what holds for all of them.\n"]
    for domain in domains:
        rows = [_metric(family) for family in domain.families]
        parts.append(f"## {domain.name}\n\n" + _table(("metric", "type", "labels", "meaning"), rows))
    return "\n".join(parts)


def labels_page(families: Iterable[Family]) -> str:
    """Return the page of all labels; one that means something else in another family has a row for each."""
    rows = [
        (name, _names(label.values, "from configuration and records"), str(label.cap or "these"))
        for name, label in _declared(families)
    ]
    lead = (
        "# Labels\n\nThe values that a label may take. Where a number stands under `at most`, the configuration and "
        "records may add more, up to so many\nin all; what lies beyond is `other`, and what was not said is "
        "`unspecified`, in every label (see [metrics](../metrics.md)).\n\n"
    )
    return lead + _table(("label", "values", "at most"), rows)


def signals_page(signals: Mapping[str, Signal]) -> str:
    """Return the page of all signals."""
    rows = [
        (f"`{signal.name}`", signal.kind, signal.unit, signal.good, _names(signal.splits), signal.help)
        for signal in signals.values()
    ]
    lead = "# Signals\n\nEvery named quantity. [Signals, targets, alerts](../monitoring.md) says how they are made.\n\n"
    return lead + _table(("signal", "kind", "unit", "good", "may be split by", "meaning"), rows)


def alerts_page(alerts: Iterable[Alert]) -> str:
    """Return the page of the alerts, in the order given, each leading to its runbook."""
    rows = []
    for alert in alerts:
        labels = [f"{name}={value}" for name, value in alert.labels.items()] + list(alert.further)
        expression = " ".join(alert.expr.split())
        name = f"[`{alert.name}`](../runbooks/{alert.name}.md)"
        rows.append((name, alert.severity, f"`{expression}`", format_duration(alert.for_seconds), _names(labels)))
    lead = (
        "# Alerts\n\nThose that `config/monitoring.yaml` gives, in the order in which one triages.\n"
        "[Signals, targets, alerts](../monitoring.md) says how they come about.\n\n"
    )
    return lead + _table(("alert", "severity", "fires when", "for", "further labels"), rows)


def facts_page(facts: Mapping[str, FactDeclaration]) -> str:
    """Return the page of the facts that exit conditions may use."""
    rows = []
    for fact in facts.values():
        scale = f"{fact.scale:g} from the threshold" if fact.scale else "always"
        rows.append((f"`{fact.name}`", fact.type, f"`{fact.known_from}`", scale, fact.help))
    lead = (
        "# Facts\n\nWhat an exit condition may use. [Configuration](../configuration.md#exit-conditions) says how one "
        "is written and what clear means.\n\n"
    )
    return lead + _table(("fact", "type", "known from", "a comparison is perfectly clear at", "meaning"), rows)


def _metric(family: Family) -> tuple[str, ...]:
    buckets = f" Buckets: {_edges(family.buckets)}; {family.why}." if family.buckets else ""
    return f"`{family.name}`", family.kind, _names(family.labels), family.help + buckets


def _edges(buckets: Sequence[float]) -> str:
    """Return all edges, of evenly spaced ones the first two and the last."""
    steps = {round(after - before, 6) for before, after in pairwise(buckets)}
    shown = [f"{edge:g}" for edge in buckets]
    return ", ".join(shown if len(steps) > 1 else [*shown[:2], "...", shown[-1]])


def _declared(families: Iterable[Family]) -> Iterator[tuple[str, Label]]:
    """Yield every declaration once, with the family's name where families declare a label differently."""
    found: dict[str, dict[Label, str]] = {}
    for family in families:
        for name in family.labels:
            found.setdefault(name, {}).setdefault(catalogue.label_of(family, name), family.name)
    for name, declarations in found.items():
        for label, of in declarations.items():
            yield f"`{name}`" if len(declarations) == 1 else f"`{name}` of `{of}`", label


def _names(names: Iterable[str], otherwise: str = "-") -> str:
    return ", ".join(f"`{name}`" for name in names) or otherwise


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _marked(source: str) -> str:
    return header(source, "<!--").rstrip("\n") + " -->\n\n"
