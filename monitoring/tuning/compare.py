"""Two configurations side by side: which one to take, and how sure that is. Formulas: docs/tuning.md.

The rule, on true differences: quality(A) - quality(B) < 0.05 and savings(B) - savings(A) > 0.05: aggressive (take B).
quality(A) - quality(B) > 0.05: conservative (take A). Else balanced. A side is taken only when one-sided 95 % bounds
bear it out, so that taking it is wrong at most once in twenty times; what is not borne out is `balanced`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Literal

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.ratios import ratio
from monitoring.history.resampling import MIN_BLOCKS, Resampling
from monitoring.tuning.arms import Arm, ArmBlocks
from pipeline.domains.content.families import FAILURES, TIME_SAVED, TIME_SPENT
from pipeline.metrics.family import UNSPECIFIED

Decision = Literal["aggressive", "conservative", "balanced", "insufficient_data"]
MIN_ITEMS = 100  # in each arm
MARGIN = 0.05  # of the rule: a smaller difference in quality does not matter, one in savings is not worth it
_MIN_STRATUM = 10  # scored items in each arm that make a content type a stratum of its own
_POWER = 0.80
_TOGETHER = 0.5  # of an arm's items in stretches in which the other arm had any, for the arms to be side by side


class Difference(msgspec.Struct, frozen=True):
    """One difference with its 95 % interval."""

    value: float
    interval: tuple[float, float]
    standard_error: float
    decisive: tuple[float, float]  # one-sided 95 % bounds, each for itself
    detectable: float  # the least true difference that would be noticed four times out of five


class Stratum(msgspec.Struct, frozen=True):
    """What one content type (or the whole) shows. Differences are nan-free; None where an arm has nothing."""

    content_type: str
    items: dict[str, int]
    quality: dict[str, float | None]
    time_savings: dict[str, float | None]
    quality_diff: Difference | None  # A - B
    time_savings_diff: Difference | None  # B - A
    early_exit_rate_diff: Difference | None  # B - A
    error_rate_diff: Difference | None  # B - A


class Comparison(msgspec.Struct, frozen=True):
    """The answer."""

    decision: Decision
    reason: str
    overall: Stratum
    by_content_type: list[Stratum]
    caveats: list[str]


class _Figures(msgspec.Struct, frozen=True):
    """Replicates of an arm's four figures."""

    quality: Floats
    savings: Floats
    early: Floats
    errors: Floats


def compare(a: ArmBlocks, b: ArmBlocks, blocks: int) -> Comparison:
    """Compare the conservative arm `a` with `b`, both read in the same blocks."""
    resampling = _resampling(a.activity(blocks), b.activity(blocks))
    strata, caveats = _strata(a, b)
    caveats += [*_apart(a.activity(blocks), b.activity(blocks)), *_missing(a, b)]
    arms = (Arm(a, strata, resampling, blocks), Arm(b, strata, resampling, blocks))
    whole = _stratum("(all)", _items(a, b), _together(arms, strata), resampling)
    parts = [_stratum(n, _items(a, b, n), (_alone(arms[0], n), _alone(arms[1], n)), resampling) for n in strata]
    if not resampling.by_blocks:
        caveats.append(
            f"fewer than {MIN_BLOCKS} stretches of time with items in both arms: how much items of one hour resemble "
            "each other cannot be measured, the intervals take them for independent"
        )
    decision, reason = _decide(whole)
    return Comparison(decision, reason, whole, parts, caveats)


def nothing_seen() -> Comparison:
    """Return the answer where nothing was scraped."""
    none: dict[str, float | None] = {"A": None, "B": None}
    empty = Stratum("(all)", {"A": 0, "B": 0}, none, none, None, None, None, None)
    return Comparison(*_decide(empty), empty, [], [])


def _resampling(a: Floats, b: Floats) -> Resampling:
    """Resample by blocks if each arm has enough of its own."""
    enough = min(int((a > 0).sum()), int((b > 0).sum())) >= MIN_BLOCKS
    return Resampling(a + b if enough else np.zeros(0))


def _strata(a: ArmBlocks, b: ArmBlocks) -> tuple[tuple[str, ...], list[str]]:
    def scored(arm: ArmBlocks, name: str) -> float:
        return float(arm.scored.get((name,), np.zeros(1)).sum())

    names = sorted(a.types() | b.types())
    strata = tuple(n for n in names if min(scored(a, n), scored(b, n)) >= _MIN_STRATUM)
    few = ", ".join(name for name in names if name not in strata)
    text = f"taken together, fewer than {_MIN_STRATUM} items processed in full in an arm: {few}"
    return strata, [text] if few else []


def _apart(a: Floats, b: Floats) -> list[str]:
    """Say if the arms hardly ran at the same time: then what changed meanwhile is taken for the difference."""
    both = (a > 0) & (b > 0)
    share = min((float(one[both].sum()) / float(one.sum()) for one in (a, b) if one.sum() > 0), default=1.0)
    if share >= _TOGETHER or not (a.sum() and b.sum()):
        return []
    return [
        f"A and B hardly ran at the same time ({share:.0%} of the items of one lie in stretches in which the other had "
        "any): what else changed in between is part of the differences"
    ]


def _missing(a: ArmBlocks, b: ArmBlocks) -> Iterator[str]:
    """Say which families are not there or hold no count, and what therefore is not known."""
    for name, arm in (("A", a), ("B", b)):
        yield from (f"{name}: {told}" for told in arm.broken)
        if arm.items and not arm.tells_seconds():
            lacking = TIME_SAVED if any(values.sum() > 0 for values in arm.spent.values()) else TIME_SPENT
            yield f"{name} has no {lacking.name}: nothing is known about its savings"
    if (a.items or b.items) and not (a.tells_failures and b.tells_failures):
        yield f"nobody exposes {FAILURES.name}: nothing is known about errors"


def _items(a: ArmBlocks, b: ArmBlocks, kind: str | None = None) -> dict[str, int]:
    """Return the finished items of each arm, of one content type or all."""
    return {"A": round(a.finished(kind)), "B": round(b.finished(kind))}


def _alone(arm: Arm, name: str) -> _Figures:
    return _Figures(
        ratio(arm.scores[name], arm.scored[name]),
        ratio(arm.saved[name], arm.cost[name]),
        ratio(arm.early[name], arm.finished[name]),
        ratio(arm.failed[name], arm.handled[name]),
    )


def _together(arms: tuple[Arm, Arm], strata: tuple[str, ...]) -> tuple[_Figures, _Figures]:
    finished = _shares(arms[0].finished, arms[1].finished, strata)
    handled = _shares(arms[0].handled, arms[1].handled, strata)
    common = (*strata, UNSPECIFIED) if _both_scored(arms, UNSPECIFIED) else strata
    scored = _shares(arms[0].scored, arms[1].scored, common)

    def of(arm: Arm) -> _Figures:
        return _Figures(
            sum((scored[n] * ratio(arm.scores[n], arm.scored[n]) for n in common), np.zeros(()))
            if common
            else np.full_like(arm.cost[UNSPECIFIED], np.nan),
            ratio(_mean(arm.saved, arm.finished, finished), _mean(arm.cost, arm.finished, finished)),
            _mean(arm.early, arm.finished, finished),
            _mean(arm.failed, arm.handled, handled),
        )

    return of(arms[0]), of(arms[1])


def _both_scored(arms: tuple[Arm, Arm], name: str) -> bool:
    return all(arm.scored[name][0] >= 1 for arm in arms)


def _shares(a: Mapping[str, Floats], b: Mapping[str, Floats], names: tuple[str, ...]) -> dict[str, Floats]:
    """Return each stratum's share of the items of both arms together."""
    whole = sum((a[n] + b[n] for n in names), np.zeros(()))
    return {n: ratio(a[n] + b[n], whole) for n in names}


def _mean(part: Mapping[str, Floats], items: Mapping[str, Floats], shares: Mapping[str, Floats]) -> Floats:
    """Return part per item, types weighted by common shares, items without a known type by the arm's own share."""
    everything = sum(items.values(), np.zeros(()))
    typed = 1.0 - ratio(items[UNSPECIFIED], everything)
    by_type = sum((share * ratio(part[n], items[n]) for n, share in shares.items()), np.zeros(()))
    if not shares:
        return ratio(part[UNSPECIFIED], everything)
    return ratio(part[UNSPECIFIED], everything) + typed * by_type


def _stratum(
    name: str,
    items: dict[str, int],
    figures: tuple[_Figures, _Figures],
    resampling: Resampling,
) -> Stratum:
    a, b = figures
    return Stratum(
        name,
        items,
        {"A": _number(a.quality), "B": _number(b.quality)},
        {"A": _number(a.savings), "B": _number(b.savings)},
        difference(a.quality - b.quality, resampling),
        difference(b.savings - a.savings, resampling),
        difference(b.early - a.early, resampling),
        difference(b.errors - a.errors, resampling),
    )


def _number(replicates: Floats) -> float | None:
    value = float(replicates[0])
    return value if math.isfinite(value) else None


def difference(replicates: Floats, resampling: Resampling) -> Difference | None:
    """Return a difference with its intervals, given its replicates; None where an arm has nothing to compare."""
    value, error = float(replicates[0]), resampling.standard_error(replicates)
    if not (math.isfinite(value) and math.isfinite(error)):
        return None
    two, one = resampling.reach(replicates, 0.95), resampling.reach(replicates, 0.90)
    detectable = two + NormalDist().inv_cdf(_POWER) * error
    return Difference(value, _around(value, two), error, _around(value, one), detectable)


def _around(value: float, reach: float) -> tuple[float, float]:
    """Return the interval about a difference of shares, which lies between -1 and 1."""
    return max(-1.0, value - reach), min(1.0, value + reach)


def _decide(whole: Stratum) -> tuple[Decision, str]:
    counted = f"{whole.items['A']} items in A, {whole.items['B']} in B"
    if min(whole.items.values()) < MIN_ITEMS:
        return "insufficient_data", f"not enough data: {counted}; {MIN_ITEMS} in each are needed"
    quality, savings = whole.quality_diff, whole.time_savings_diff
    if quality is None or savings is None:
        missing = "scores of items processed in full" if quality is None else "seconds saved and spent"
        return "insufficient_data", f"not enough data: {counted}, but an arm has no {missing}"
    q, s = (f"{d.value:+.3f} (95 % {d.interval[0]:+.3f} to {d.interval[1]:+.3f})" for d in (quality, savings))
    if quality.decisive[0] > MARGIN:
        return "conservative", f"A's quality is better by {q}: more than {MARGIN}, at 95 %"
    if quality.decisive[1] < MARGIN and savings.decisive[0] > MARGIN:
        return "aggressive", f"B saves more by {s}, more than {MARGIN}, and costs less than that in quality: {q}"
    rule = rule_of(quality.value, savings.value)
    if rule == "balanced":
        return "balanced", f"B saves no more than {MARGIN} more: {s}; quality differs by {q}"
    return "balanced", f"the figures lean to {rule}, but not surely enough: quality {q}, savings {s}"


def rule_of(quality_diff: float, time_savings_diff: float) -> Decision:
    """Return what the product's rule says of differences that are known exactly."""
    if quality_diff > MARGIN:
        return "conservative"
    return "aggressive" if quality_diff < MARGIN and time_savings_diff > MARGIN else "balanced"
