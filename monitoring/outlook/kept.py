"""What would be processed in full, and how good it would be."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Range
from monitoring.history.ratios import ratio, share_of
from monitoring.outlook.stratum import Moves, Plan, Stratum

Cases = tuple[Floats, Floats, Floats]


class Kept(msgspec.Struct, frozen=True):
    """Items processed in full and the sum of their overall scores, in three cases: worst mean, likely, best mean."""

    items: Cases
    scores: Cases

    def mean(self) -> Range:
        """Return the mean score; nan where nothing is kept or no score is known."""
        return Range(*(ratio(s, n) for s, n in zip(self.scores, self.items, strict=True)))


def kept_under(stratum: Stratum, plan: Plan, moves: Moves) -> Kept:
    """Return what is kept of a content type.

    The mean is worst when few leave, each with as high a score as its bucket allows, and many come in with low ones.
    """
    if 0 not in stratum.kept.scores and stratum.full[0] > 0:
        unknown = np.full_like(stratum.full, np.nan)
        return Kept((stratum.full,) * 3, (unknown,) * 3)
    cases = list(_after_losses(stratum, plan, moves.lost))
    gained = (moves.gained.high, moves.gained.point, moves.gained.low)
    means = _gained_means(stratum, plan)
    items = tuple(n + g for (n, _), g in zip(cases, gained, strict=True))
    sums = tuple(s + g * mean for (_, s), g, mean in zip(cases, gained, means, strict=True))
    return Kept(items, sums)  # type: ignore[arg-type]  # three of each


def _after_losses(stratum: Stratum, plan: Plan, lost: Range) -> Iterator[tuple[Floats, Floats]]:
    least, overall = plan.thresholds[0], stratum.kept.scores.get(0)
    if overall is None:
        yield from [(stratum.full, stratum.full)] * 3
        return
    scale = share_of(stratum.full, overall.total)  # items are counted always, scores where they were recorded
    whole = overall.sum_all() * scale
    support = stratum.kept.current[0] if stratum.kept.standing == "passed" else None
    below, mass = overall.below(least, support).times(scale), overall.mass_below(least, support).times(scale)
    above = share_of(whole - mass.point, stratum.full - below.point)
    # those that fall in another dimension lie at or above the least overall score: as high as can be, between, as low
    for side, mean in (("low", 1.0), ("point", (least + np.maximum(above, least)) / 2), ("high", least)):
        falling, under, taken = (getattr(r, side) for r in (lost, below, mass))
        if plan.modes[stratum.name] != "quality_check":
            under, taken, mean = falling * 0.0, falling * 0.0, share_of(whole, stratum.full)
        others = np.maximum(falling - under, 0.0) * mean
        yield stratum.full - falling, np.maximum(whole - taken - others, 0.0)


def _gained_means(stratum: Stratum, plan: Plan) -> Cases:
    """Return the mean score of items that are no longer bypassed: the least, likely, greatest it can be."""
    least, population, one = plan.thresholds[0], stratum.bypassed, np.ones_like(stratum.full)
    overall = population.scores.get(0)
    if overall is None:
        return one * least, one * (least + 1) / 2, one
    if plan.modes[stratum.name] == "full":
        return (share_of(overall.sum_all(), overall.total),) * 3
    if population.standing == "failed" and tuple(plan.thresholds[1:]) == tuple(population.current[1:]):
        now = population.current[0]  # they failed in the overall score and in nothing else
        return one * min(least, now), one * (least + now) / 2, one * max(least, now)
    above = ratio(overall.sum_all() - overall.mass_below(least).point, overall.total - overall.below(least).point)
    return one * least, np.clip(np.nan_to_num(above, nan=least), least, 1.0), one
