"""Which way each content type should go, judged by how many of its items pass the quality thresholds."""

from __future__ import annotations

from collections.abc import Callable

from monitoring.history.histograms import Range
from monitoring.history.ratios import share_of
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.observed import margins_of
from monitoring.outlook.outlook import Model
from monitoring.tuning.recommendation import Interval, ModeAdvice
from pipeline.decisions.routing import Mode

MIN_ASSESSED = 30  # before anything is recommended
_MOST, _HARDLY_ANY = 0.5, 0.1


def advise_modes(evidence: Evidence, model: Model, interval: Callable[[Range], Interval]) -> list[ModeAdvice]:
    """Return advice for every content type seen; `interval` adds sampling error to a range of replicates."""
    return [_advice(name, evidence, model, interval) for name in evidence.content_types()]


def _advice(name: str, evidence: Evidence, model: Model, interval: Callable[[Range], Interval]) -> ModeAdvice:
    mode: Mode = model.plan.modes[name]
    margins = evidence.margins.get((name,))
    items = 0 if margins is None else round(float(margins.counts.sum()))
    if margins is None or items < MIN_ASSESSED:
        return ModeAdvice(name, mode, mode, items, f"not enough data: {items} assessed, {MIN_ASSESSED} are needed")
    if model.basis.observed.of(name).doubt:
        return ModeAdvice(name, mode, mode, items, "the ways that its items went contradict each other: kept as it is")
    known = margins_of(model.basis.replicated(margins))
    passing = known.below(0.0).rest(known.total)
    low, high = interval(Range(*(share_of(x, known.total) for x in (passing.low, passing.point, passing.high))))
    told = f"{low:.0%} to {high:.0%} of its items pass the quality thresholds"
    if mode == "lightweight" and low > _MOST:
        return ModeAdvice(name, mode, "quality_check", items, f"{told}: most deserve more than the lightweight way")
    if mode == "full" and high < _MOST:
        return ModeAdvice(name, mode, "quality_check", items, f"{told}: most are not worth full processing")
    if mode == "quality_check" and high < _HARDLY_ANY:
        return ModeAdvice(name, mode, "lightweight", items, f"{told}: hardly any is worth the check")
    return ModeAdvice(name, mode, mode, items, f"{told}: kept as it is")
