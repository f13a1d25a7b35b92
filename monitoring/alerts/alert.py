"""Every alert that the targets ask for, as data: what fires when, what it says, where it leads.

Ordered as one triages: availability, saturation, errors, latency, quality, savings, and the chain that tells of them.
`monitoring/compile/` writes these as rules, tests, runbooks and routes; `backtest` replays them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from monitoring.domains.alert import Fixed, Severity, Triage
from monitoring.domains.band import OVERRIDDEN_BY, Bands, Metric, Side
from monitoring.domains.catalogue import fixed_alerts, metric_of, metrics, signals
from monitoring.domains.signal import Burn, Signal
from monitoring.promql.expressions import selector, signal_record
from monitoring.targets.slos import Slo, Tier, burn_alert, tiers_for
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from monitoring.wording.values import VALUE_FORMATS, exact_percent, say

_BUDGETS = "pipemeter-slo"  # the board of error budgets
_OWN_OBJECTIVE = Burn(  # of an operator's own objective, over a signal that says nothing of its own
    "", "events", "Open the dashboard, split the signal by content type and configuration, and undo what changed last."
)


class Record(msgspec.Struct, frozen=True):
    """A signal to be recorded over one window (s), split by labels; with what `min_items` counts, or without."""

    signal: str
    window: int
    by: tuple[str, ...] = ()
    volume: bool = True


class BandCase(msgspec.Struct, frozen=True):
    """What a band alert watches: for its tests, its runbook and its text."""

    signal: str
    side: Side
    threshold: float
    bands: Bands
    content_type: str | None = None


class BurnCase(msgspec.Struct, frozen=True):
    """What a burn-rate alert watches."""

    slo: Slo
    tier: Tier

    @property
    def threshold(self) -> Decimal:
        """Return the share of bad events above which the tier fires."""
        return self.tier.factor * self.slo.budget


class Alert(msgspec.Struct, frozen=True):
    """One alerting rule. `further`: labels its series carry beside `severity`, `domain` and those in `labels`.

    `advice`: what to do first. `case`: what it watches; None for those of the fixed kind.
    """

    name: str
    severity: Severity
    domain: str
    expr: str
    summary: str
    description: str
    advice: str
    board: str
    for_seconds: int = 0
    keep_firing_seconds: int = 0
    triage: Triage = Triage.BANDS
    labels: Mapping[str, str] = {}
    further: tuple[str, ...] = ()
    case: BandCase | BurnCase | None = None
    records: tuple[Record, ...] = ()

    @property
    def all_labels(self) -> dict[str, str]:
        """Return the labels that the rule itself sets.

        An override's content type is on its series already; set too, it tells its rule from that of the whole.
        """
        content_type = self.case.content_type if isinstance(self.case, BandCase) else None
        narrowed = {OVERRIDDEN_BY: content_type} if content_type else {}
        return {"severity": self.severity, "domain": self.domain, **self.labels, **narrowed}


def alerts_of(targets: Targets) -> list[Alert]:
    """Return all alerts that the targets ask for, in the order of triage."""
    burns = (_burn(slo, tier) for slo in targets.slos for tier in tiers_for(slo))
    found = [*burns, *_bands(targets), *(_fixed(one) for one in fixed_alerts())]
    return sorted(found, key=lambda alert: alert.triage)


def _fixed(one: Fixed) -> Alert:
    return Alert(
        one.name,
        one.severity,
        one.domain,
        one.expr,
        one.summary,
        f"{one.description} {one.advice}",
        one.advice,
        one.board,
        one.for_seconds,
        triage=one.triage,
        further=one.further,
    )


def _bands(targets: Targets) -> Iterable[Alert]:
    for metric in metrics():
        yield from _band_alerts(metric, targets.bands[metric.signal], None)
        for content_type, overrides in targets.overrides.items():
            if metric.signal in overrides:
                yield from _band_alerts(metric, overrides[metric.signal], content_type)


def _band_alerts(metric: Metric, bands: Bands, content_type: str | None) -> Iterable[Alert]:
    edges: tuple[tuple[Severity, Side, float | None], ...] = (
        ("critical", "low", bands.critical_low),
        ("warning", "low", bands.warning_low),
        ("critical", "high", bands.critical_high),
        ("warning", "high", bands.warning_high),
    )
    for severity, side, threshold in edges:
        name = metric.low_alert if side == "low" else metric.high_alert
        if bands.enabled and threshold is not None and name:
            yield _band(name, severity, metric, BandCase(metric.signal, side, threshold, bands, content_type))


def _band(name: str, severity: Severity, metric: Metric, case: BandCase) -> Alert:
    signal, bands = signals()[case.signal], case.bands
    advice = metric.low_advice if case.side == "low" else metric.high_advice
    by = (*metric.by, *([OVERRIDDEN_BY] if case.content_type else []))
    narrowed = selector(((OVERRIDDEN_BY, (case.content_type,)),)) if case.content_type else ""
    subject = _subject(signal, metric, case)
    value, volume = (signal_record(signal, bands.window, by, what) for what in (None, "volume"))
    comparison = "<" if case.side == "low" else ">"
    return Alert(
        name,
        severity,
        metric.domain,
        f"{value}{narrowed} {comparison} {numeral(case.threshold)}\nand\n{volume}{narrowed} >= {bands.min_items}",
        f"{subject} {signal.verb} too {case.side}: {{{{ {VALUE_FORMATS[signal.unit]} }}}}",
        f"{_band_sentence(subject, signal, case)} {advice}",
        advice,
        metric.board,
        bands.for_seconds,
        60 * (bands.cooldown_minutes or 0),
        further=by,
        case=case,
        records=(Record(signal.name, bands.window, by),),
    )


def of_content_type(alert: Alert, case: BandCase, content_type: str) -> Alert:
    """Return what a band alert of the whole is for one content type that has the same bands."""
    metric = metric_of(case.signal)
    assert metric is not None
    return _band(alert.name, alert.severity, metric, msgspec.structs.replace(case, content_type=content_type))


def _subject(signal: Signal, metric: Metric, case: BandCase) -> str:
    named = [f"{{{{ $labels.{label} }}}}" for label in metric.by] + ([case.content_type] if case.content_type else [])
    return f"{signal.title} of {', '.join(named)}" if named else signal.title


def _band_sentence(subject: str, signal: Signal, case: BandCase) -> str:
    bands = case.bands
    where = "below" if case.side == "low" else "above"
    aim = f" (target {say(bands.target, signal.unit)})" if bands.target is not None else ""
    lasting = f" for {format_duration(bands.for_seconds)} or longer" if bands.for_seconds else ""
    return (
        f"{subject} over the last {format_duration(bands.window)} {signal.verb} "
        f"{{{{ {VALUE_FORMATS[signal.unit]} }}}}, {where} {say(case.threshold, signal.unit)}{aim}{lasting}."
    )


def _burn(slo: Slo, tier: Tier) -> Alert:
    signal, case = signals()[slo.signal], BurnCase(slo, tier)
    threshold = numeral(case.threshold)
    long, short = (bad_share(signal, window) for window in (tier.long_window, tier.short_window))
    volume = signal_record(signal, tier.long_window, what="volume")
    said, judged = signal.burn or _OWN_OBJECTIVE, metric_of(slo.signal)
    left = f"{slo.window} * {numeral(slo.budget)} / ({long})"
    budget = f"{format_duration(slo.window)} error budget of {exact_percent(slo.budget)}"
    return Alert(
        burn_alert(slo),
        tier.severity,
        signal.domain,
        f"{long} > {threshold}\nand\n{short} > {threshold}\nand\n{volume} >= {slo.min_items}",
        f"Error budget of {slo.name} burns {_speed(tier)} it may ({tier.name})",
        f"Over the last {format_duration(tier.long_window)} {{{{ $value | humanizePercentage }}}} of the "
        f"{said.events} were bad, above {exact_percent(case.threshold)} in both the last "
        f"{format_duration(tier.long_window)} and the last {format_duration(tier.short_window)} "
        f"(target {exact_percent(slo.objective)} good). At this rate the {budget} lasts "
        f'{{{{ with query "{left}" }}}}{{{{ . | first | value | humanizeDuration }}}}{{{{ end }}}}. ' + said.advice,
        said.advice,
        judged.board if judged else _BUDGETS,
        triage=Triage.AVAILABILITY if signal.is_scraped else Triage.ERRORS,
        labels={"slo": slo.name, "burnrate_tier": tier.name},
        case=case,
        records=(Record(signal.name, tier.long_window), Record(signal.name, tier.short_window, volume=False)),
    )


def _speed(tier: Tier) -> str:
    return "faster than" if tier.factor == 1 else f"more than {tier.factor:f} times as fast as"


def bad_share(signal: Signal, window: int) -> str:
    """Return the recorded share of bad events over a window (s)."""
    record = signal_record(signal, window)
    return f"1 - {record}" if signal.good == "high" else record


def numeral(value: float | Decimal) -> str:
    """Return a number exactly as it was written, without exponent or trailing zeros: 0.5, 0.144, 60."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return f"{exact.normalize():f}"
