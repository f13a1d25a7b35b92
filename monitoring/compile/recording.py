"""Recording rules: the families summed over instances, then the signals that alerts compare, window by window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitoring.alerts import Alert, Record, numeral
from monitoring.bands import METRICS
from monitoring.durations import format_duration
from monitoring.expressions import (
    OverRange,
    expression,
    record_expression,
    record_name,
    recorded_of,
    recorded_terms,
    signal_record,
    volume,
)
from monitoring.signals import SIGNALS, Signal, Term
from monitoring.slos import Slo
from monitoring.targets import Targets

Rule = dict[str, Any]
Group = dict[str, Any]
BUDGET_RECORD = "slo:error_budget_remaining:ratio"
_HOUR = 3600


def recording_groups(targets: Targets, alerts: Iterable[Alert]) -> list[Group]:
    """Return one group a window, each with the families first: groups run side by side, rules one after the other."""
    records = sorted(_records(targets, alerts), key=lambda r: (r.window, list(SIGNALS).index(r.signal), r.by))
    terms = _terms(records)
    groups = []
    for window in sorted({window for window, _ in terms}):
        rules = [_term_rule(term, window) for at, term in terms if at == window]
        for record in records:
            if record.window == window:
                rules += _signal_rules(record)
        if window == _HOUR:
            rules += [_budget_rule(slo) for slo in targets.slos]
        groups.append({"name": f"pipemeter-signals-{format_duration(window)}", "rules": rules})
    return groups


def _records(targets: Targets, alerts: Iterable[Alert]) -> set[Record]:
    """Return what has to be recorded: what alerts compare, and each metric with a target over its own window."""
    found = {record for alert in alerts for record in alert.records}
    found |= {Record(m.signal, targets.bands[m.signal].window) for m in METRICS if m.signal}
    pairs = {(record.signal, record.window, record.by) for record in found if record.volume}
    return {r for r in found if r.volume or (r.signal, r.window, r.by) not in pairs}


def _terms(records: Iterable[Record]) -> list[tuple[int, Term]]:
    """Return every (window, series) to record: for the boards, and below the recorded signals."""
    found: dict[tuple[int, Term], None] = {}
    for signal in SIGNALS.values():
        if signal.recorded:
            for term in recorded_terms(signal):
                found |= dict.fromkeys((window, term) for window in recorded_of(term.series).windows)
    for record in records:
        found |= dict.fromkeys((record.window, term) for term in recorded_terms(SIGNALS[record.signal]))
    return list(found)


def _term_rule(term: Term, window: int) -> Rule:
    return {"record": record_name(term, window), "expr": record_expression(term, window)}


def _signal_rules(record: Record) -> list[Rule]:
    signal = SIGNALS[record.signal]
    rules = [_rule(signal, record, None, expression(signal, record.window, by=record.by))]
    if record.volume:
        rules.append(_rule(signal, record, "volume", volume(signal, record.window, by=record.by)))
    return rules


def _rule(signal: Signal, record: Record, what: str | None, text: str) -> Rule:
    return {"record": signal_record(signal, record.window, record.by, what), "expr": text}


def _budget_rule(slo: Slo) -> Rule:
    """Return the rule of the share of an error budget that is left over its window; negative once it is overspent."""
    signal = SIGNALS[slo.signal]
    good = expression(signal, OverRange(format_duration(slo.window), _HOUR))
    bad = f"1 - {good}" if signal.good == "high" else good
    return {"record": BUDGET_RECORD, "expr": f"1 - ({bad}) / {numeral(slo.budget)}", "labels": {"slo": slo.name}}
