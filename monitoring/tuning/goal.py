"""What tuning is after, and the choice of the plan that comes nearest to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec
import numpy as np

from monitoring.outlook.outlook import Outlook
from monitoring.outlook.stratum import Plan

_STEP = 0.01  # in which thresholds are tried
_EDGE = 0.05  # buckets' width: at an edge a histogram is exact
_TIE = 0.01  # of the bypass rate: below this, two thresholds are as good, and the one that is known better is taken
_BETTER = 0.02  # by which moving all thresholds must be nearer, or better known, than moving min_overall alone

PROFILE_TARGETS = {"conservative": (0.50, 0.80), "balanced": (0.60, 0.75), "aggressive": (0.70, 0.70)}


class Goal(msgspec.Struct, frozen=True):
    """A bypass rate to come near to, a quality to reach, or both; `text` says so."""

    text: str
    bypass: float | None = None
    quality: float | None = None


def goal_of(
    *, target_bypass: float | None = None, min_quality: float | None = None, profile: str | None = None
) -> Goal:
    """Return the goal that the command line names; by default that of the balanced profile."""
    if target_bypass is not None:
        return Goal(f"the bypass rate nearest to {target_bypass:.2f}", bypass=target_bypass)
    if min_quality is not None:
        text = f"the least strict thresholds under which kept items have a mean quality of {min_quality:.2f} or more"
        return Goal(text, quality=min_quality)
    name = profile or "balanced"
    return targets_goal(*PROFILE_TARGETS[name], of=f"the profile {name}")


def targets_goal(bypass: float | None, quality: float | None, of: str) -> Goal:
    """Return the goal of coming near to a bypass rate among plans of enough quality; either may be missing."""
    parts = [] if bypass is None else [f"the bypass rate nearest to {bypass:.2f}"]
    parts += [] if quality is None else [f"a mean quality of {quality:.2f} or more"]
    return Goal(f"{' with '.join(parts)} ({of})", bypass, quality)


class Choice(msgspec.Struct, frozen=True):
    """The plan taken, and what has to be said about it."""

    plan: Plan
    caveats: list[str]


class _Try(msgspec.Struct, frozen=True):
    plan: Plan
    bypass: float
    quality: float
    unsure: float  # width of what is possible for the bypass rate


Look = Callable[[Plan], Outlook]


def choose(
    goal: Goal, current: Plan, look: Look, *, may_raise: bool = True, movable: Collection[int] = range(4)
) -> Choice:
    """Return the plan that comes nearest to the goal: min_overall moved alone, or all thresholds alike.

    Lowering min_overall alone lets in those that failed in nothing else, which single histograms tell badly; moving all
    alike is what the histogram of margins knows. It is taken where it is nearer to the goal, or known much better.
    `may_raise` false leaves out plans stricter than the current one. `movable`: numbers of the dimensions whose scores
    are known; the thresholds of others stay.
    """
    best = _search(goal, current, list(_alone(current)), look, may_raise)
    alike = list(_alike(current, movable))
    if alike and (_misses(goal, best) > _BETTER or best.plan.thresholds[0] < current.thresholds[0]):
        other = _search(goal, current, alike, look, may_raise)
        nearer = _misses(goal, best) - _misses(goal, other)
        if nearer > _BETTER or (nearer > -_BETTER and other.unsure < best.unsure - _BETTER):
            best = other
    return Choice(best.plan, list(_caveats(goal, best)))


def _search(goal: Goal, current: Plan, plans: Sequence[Plan], look: Look, may_raise: bool) -> _Try:
    """Return the best of some plans, looked for on buckets' edges first, then between the best and its neighbours."""
    allowed = [p for p in plans if may_raise or p.thresholds[0] <= current.thresholds[0]]
    coarse = [_tried(p, look) for p in allowed if _on_edge(p, current) or p == current]
    near = _best(goal, coarse, current).plan.thresholds[0]
    fine = [p for p in allowed if abs(p.thresholds[0] - near) < _EDGE and not _on_edge(p, current)]
    return _best(goal, coarse + [_tried(p, look) for p in fine], current)


def _alone(current: Plan) -> Iterator[Plan]:
    values = {round(n * _STEP, 2) for n in range(round(1 / _STEP) + 1)} | {current.thresholds[0]}
    for value in sorted(values):
        yield msgspec.structs.replace(current, thresholds=(value, *current.thresholds[1:]))


def _alike(current: Plan, movable: Collection[int]) -> Iterator[Plan]:
    for n in range(-95, 96):
        moved = tuple(round(t + n * _STEP, 4) if d in movable else t for d, t in enumerate(current.thresholds))
        if min(moved) >= 0.0 and max(moved) <= 1.0:
            yield msgspec.structs.replace(current, thresholds=moved)


def _on_edge(plan: Plan, current: Plan) -> bool:
    """Tell whether histograms know this plan exactly: scores where min_overall moves alone, else margins."""
    alone = plan.thresholds[1:] == current.thresholds[1:]
    value = (plan.thresholds[0] - (0.0 if alone else current.thresholds[0])) / _EDGE
    return abs(value - round(value)) < 1e-6


def _tried(plan: Plan, look: Look) -> _Try:
    outlook = look(plan)
    quality = float(outlook.quality.point[0])
    unsure = float(outlook.bypass.high[0] - outlook.bypass.low[0])
    return _Try(plan, float(outlook.bypass.point[0]), quality if np.isfinite(quality) else 0.0, unsure)


def _best(goal: Goal, tried: Sequence[_Try], current: Plan) -> _Try:
    good = [t for t in tried if goal.quality is None or t.quality >= goal.quality - 1e-9]
    if goal.bypass is None:
        return _least_strict(good) if good else max(tried, key=lambda t: t.quality)
    known = good or tried
    target = goal.bypass
    nearest = min(abs(t.bypass - target) for t in known)
    near = [t for t in known if abs(t.bypass - target) <= nearest + _TIE / 2]
    return min(near, key=lambda t: (t.plan != current, not _on_edge(t.plan, current), abs(t.bypass - target)))


def _least_strict(good: Sequence[_Try]) -> _Try:
    least = min(t.bypass for t in good)
    return max((t for t in good if t.bypass <= least + 0.001), key=lambda t: t.plan.thresholds[0])


def _misses(goal: Goal, found: _Try) -> float:
    by = 0.0 if goal.bypass is None else abs(found.bypass - goal.bypass)
    return max(by, 0.0 if goal.quality is None else goal.quality - found.quality)


def _caveats(goal: Goal, found: _Try) -> Iterator[str]:
    if goal.quality is not None and found.quality < goal.quality - 1e-9:
        yield f"no threshold reaches a mean quality of {goal.quality:.2f}: {found.quality:.2f} is expected"
    if goal.bypass is not None and abs(found.bypass - goal.bypass) > _BETTER:
        yield f"no allowed threshold comes nearer to a bypass rate of {goal.bypass:.2f} than {found.bypass:.2f}"
