"""Recording rules: the families summed over instances, then the signals that alerts compare, window by window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitoring.alerts.alert import Alert, Record, numeral
from monitoring.domains.band import Bands
from monitoring.domains.catalogue import ends_of, metrics, signals
from monitoring.domains.signal import Signal, Term
from monitoring.promql.expressions import (
    OverRange,
    expression,
    record_expression,
    record_name,
    recorded_of,
    recorded_terms,
    signal_record,
    volume,
)
from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration

Rule = dict[str, Any]
Group = dict[str, Any]
SIGNALS_FILE = "prometheus/rules/signals.yaml"
BOARDS_FILE = "prometheus/rules/boards.yaml"
BUDGET_RECORD = "slo:error_budget_remaining:ratio"
_HOUR = 3600


def recording_files(targets: Targets, alerts: Iterable[Alert]) -> dict[str, list[Group]]:
    """Return the groups of each file of recording rules, one group a window.

    Groups run side by side and rules of a group one after the other, so a signal stands below its families in one
    group. What only dashboards read, and what only burn rates need, stands in files of their own.
    """
    records = sorted(_records(targets, alerts), key=lambda r: (r.window, list(signals()).index(r.signal), r.by))
    told = {bands.window for bands in _all_bands(targets)} | {_HOUR}
    needed = _terms_of(records)
    boards = {pair: None for pair in _terms_of_boards() if pair not in needed}
    files: dict[str, list[Group]] = {}
    for window in sorted({window for window, _ in needed}):
        rules = [_term_rule(term, window) for at, term in needed if at == window]
        rules += [rule for record in records if record.window == window for rule in _signal_rules(record)]
        if window == _HOUR:
            rules += [_budget_rule(slo) for slo in targets.slos]
        path = SIGNALS_FILE if window in told else burn_rates_file(window)
        name = "signals" if window in told else "burn-rates"
        files.setdefault(path, []).append(_group(name, window, rules))
    for window in sorted({window for window, _ in boards}):
        rules = [_term_rule(term, window) for at, term in boards if at == window]
        files.setdefault(BOARDS_FILE, []).append(_group("boards", window, rules))
    return files


def burn_rates_file(window: int) -> str:
    """Return the file that holds what only burn rates need over one window (s)."""
    return f"prometheus/rules/burn_rates_{format_duration(window)}.yaml"


def _group(name: str, window: int, rules: list[Rule]) -> Group:
    return {"name": f"pipemeter-{name}-{format_duration(window)}", "rules": rules}


def _all_bands(targets: Targets) -> Iterable[Bands]:
    yield from targets.bands.values()
    for overrides in targets.overrides.values():
        yield from overrides.values()


def _records(targets: Targets, alerts: Iterable[Alert]) -> set[Record]:
    """Return what has to be recorded: what alerts compare, and each metric with a target over its own window."""
    found = {record for alert in alerts for record in alert.records}
    judged = [m.signal for m in metrics()]
    found |= {Record(name, targets.bands[name].window) for name in judged}
    found |= {Record(end.name, targets.bands[name].window, volume=False) for name in judged for end in ends_of(name)}
    pairs = {(record.signal, record.window, record.by) for record in found if record.volume}
    return {r for r in found if r.volume or (r.signal, r.window, r.by) not in pairs}


def _terms_of(records: Iterable[Record]) -> dict[tuple[int, Term], None]:
    """Return every (window, series) below the recorded signals, in order."""
    return {(r.window, term): None for r in records for term in recorded_terms(signals()[r.signal])}


def _terms_of_boards() -> dict[tuple[int, Term], None]:
    """Return every (window, series) that dashboards may read."""
    recorded = [term for signal in signals().values() if signal.recorded for term in recorded_terms(signal)]
    return {(window, term): None for term in recorded for window in recorded_of(term.series).windows}


def _term_rule(term: Term, window: int) -> Rule:
    return {"record": record_name(term, window), "expr": record_expression(term, window)}


def _signal_rules(record: Record) -> list[Rule]:
    signal = signals()[record.signal]
    rules = [_rule(signal, record, None, expression(signal, record.window, by=record.by))]
    if record.volume:
        rules.append(_rule(signal, record, "volume", volume(signal, record.window, by=record.by)))
    return rules


def _rule(signal: Signal, record: Record, what: str | None, text: str) -> Rule:
    return {"record": signal_record(signal, record.window, record.by, what), "expr": text}


def _budget_rule(slo: Slo) -> Rule:
    """Return the rule of the share of an error budget that is left over its window; negative once it is overspent.

    The window is looked at by whole hours; until the first one has passed, the last hour is all there is.
    """
    whole, first = (_budget_left(slo, over) for over in (OverRange(format_duration(slo.window), _HOUR), _HOUR))
    return {"record": BUDGET_RECORD, "expr": f"({whole}) or ({first})", "labels": {"slo": slo.name}}


def _budget_left(slo: Slo, over: OverRange | int) -> str:
    signal = signals()[slo.signal]
    good = expression(signal, over)
    return f"1 - ({f'1 - {good}' if signal.good == 'high' else good}) / {numeral(slo.budget)}"
