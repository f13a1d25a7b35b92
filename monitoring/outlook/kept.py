"""What would be processed in full, and how good it would be."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Distribution, Range, exactly
from monitoring.history.ratios import ratio, share_of
from monitoring.outlook.stratum import Moves, Plan, Stratum

_NOTHING = 1e-9


class Kept(msgspec.Struct, frozen=True):
    """Some items processed in full: how many, and the mean of their overall scores."""

    items: Range
    mean: Range


def kept_under(stratum: Stratum, plan: Plan, moves: Moves) -> list[Kept]:
    """Return what is kept of a content type: what stays, and what comes in anew; nothing where no score is known."""
    if 0 not in stratum.kept.scores and stratum.full[0] > 0:
        return []
    return [*_staying(stratum, plan, moves.lost), Kept(moves.gained, _gained_mean(stratum, plan))]


def mean_of(parts: Sequence[Kept]) -> Range:
    """Return the mean score of all parts together; nan where nothing is kept or no score is known.

    How many items each part has and how good they are is known within ranges. The mean is greatest when the parts with
    the best scores have as many items as they may and all others as few, wherever the line between them lies.
    """
    if not parts:
        return exactly(np.full(1, np.nan))
    items = sum((p.items.point for p in parts), np.zeros(()))
    likely = ratio(sum((p.items.point * p.mean.point for p in parts), np.zeros(())), items)
    few, many = (np.stack([getattr(p.items, side) for p in parts]) for side in ("low", "high"))
    high = _greatest(few, many, np.stack([p.mean.high for p in parts]))
    low = -_greatest(few, many, -np.stack([p.mean.low for p in parts]))
    return Range(np.where(np.isfinite(low), low, likely), likely, np.where(np.isfinite(high), high, likely))


def _greatest(few: Floats, many: Floats, means: Floats) -> Floats:
    """Return the greatest mean of parts (rows) that have from few to many items; -inf where there are none at all."""
    order = np.argsort(-means, axis=0)
    few, many, means = (np.take_along_axis(rows, order, axis=0) for rows in (few, many, means))
    items = few.sum(axis=0) + (many - few).cumsum(axis=0)
    sums = (few * means).sum(axis=0) + ((many - few) * means).cumsum(axis=0)
    found: Floats = np.where(items > _NOTHING, sums / np.maximum(items, _NOTHING), -np.inf).max(axis=0)
    return found


def _staying(stratum: Stratum, plan: Plan, lost: Range) -> list[Kept]:
    """Return what stays of the items processed in full today."""
    overall, items = stratum.kept.scores.get(0), lost.rest(stratum.full).clipped(0.0, np.inf)
    if overall is None:
        return []
    scale = share_of(stratum.full, overall.total)  # items are counted always, scores where they were recorded
    today = exactly(share_of(overall.sum_all(), overall.total))
    if plan.modes[stratum.name] != "quality_check" and not stratum.seen.doubt:
        return [Kept(items, today)]
    units = share_of(np.ones_like(scale), scale)
    elsewhere = stratum.kept.failing_elsewhere(plan.thresholds) * units
    checked = _checked_mean(overall, stratum, plan.thresholds[0], lost.times(units), elsewhere)
    return [Kept(items, checked.or_else(today) if stratum.seen.doubt else checked)]


def _checked_mean(overall: Distribution, stratum: Stratum, least: float, lost: Range, elsewhere: Floats) -> Range:
    """Return the mean of what is left when `lost` items fall below a threshold.

    `elsewhere`: how many of them at most do so in another score than the overall one. The mean is lowest when few are
    below the least overall score, each as high as its bucket allows, and all others that fall have the highest scores
    there are; it is highest when many are below it and all others have the lowest that pass.
    """
    support = stratum.kept.current[0] if stratum.kept.standing == "passed" else None
    below, mass, whole = overall.below(least, support), overall.mass_below(least, support), overall.sum_all()
    under = Range(*(np.minimum(part, lost.high) for part in (below.low, below.point, below.high)))

    def left(fall: Floats, taken: Floats, more: Floats, lose: Floats) -> tuple[Floats, Floats]:
        """Return how many are left, and the sum of their scores."""
        return np.maximum(overall.total - fall - more, 0.0), np.maximum(whole - taken - lose, 0.0)

    others = np.clip(lost.high - under.low, 0.0, elsewhere)
    count, score = left(under.low, mass.low, others, overall.most_of(others))
    worst = np.maximum(ratio(score, count), ratio(overall.least_of(count, least), count))
    others = np.clip(lost.high - under.high, 0.0, elsewhere)
    count, score = left(under.high, mass.high, others, overall.least_of(others, least))
    best = np.minimum(ratio(score, count), ratio(overall.most_of(count), count))
    others, above = np.maximum(lost.point - under.point, 0.0), share_of(whole - mass.point, overall.total - below.point)
    count, score = left(under.point, mass.point, others, others * (least + np.maximum(above, least)) / 2)
    low, high = (np.clip(np.nan_to_num(end, nan=other), least, 1.0) for end, other in ((worst, least), (best, 1.0)))
    point = np.clip(np.nan_to_num(ratio(score, count), nan=least), np.minimum(low, high), np.maximum(low, high))
    return Range(low, point, high)


def _gained_mean(stratum: Stratum, plan: Plan) -> Range:
    """Return the mean score of items that are no longer bypassed."""
    least, population, one = plan.thresholds[0], stratum.bypassed, np.ones_like(stratum.full)
    overall = population.scores.get(0)
    if overall is None:
        return Range(one * 0.0 if stratum.seen.doubt else one * least, one * (least + 1) / 2, one)
    everything = exactly(share_of(overall.sum_all(), overall.total))
    if plan.modes[stratum.name] == "full" and not stratum.seen.doubt:
        return everything
    if population.standing == "failed" and tuple(plan.thresholds[1:]) == tuple(population.current[1:]):
        now = population.current[0]  # they failed in the overall score and in nothing else
        return Range(one * min(least, now), one * (least + now) / 2, one * max(least, now))
    above = ratio(overall.sum_all() - overall.mass_below(least).point, overall.total - overall.below(least).point)
    passing = Range(one * least, np.clip(np.nan_to_num(above, nan=least), least, 1.0), one)
    return passing.or_else(everything) if stratum.seen.doubt else passing
