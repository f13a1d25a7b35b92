"""How far signals would have lain from where they were, had another configuration been in force; stretch by stretch.

A window is cut into stretches of at least so many items that a figure means something. In each of them the model of
`tune` says what the recommended configuration comes to and what the one in force came to; their difference is added
to what was recorded. So a bad afternoon stays one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Range
from monitoring.history.resampling import Resampling
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.observed import observe
from monitoring.outlook.outlook import Model
from monitoring.outlook.stratum import Plan
from monitoring.replay.evaluation import Move
from monitoring.servers.range_queries import Window
from pipeline.domains.content.savings import savings_share

Side = Literal["low", "point", "high"]
SIDES: tuple[Side, ...] = ("low", "point", "high")
LEAST_ITEMS = 100  # of a stretch
SIGNALS = ("bypass_rate", "quality_score_avg", "time_savings", "early_exit_share")
Case = tuple[float, float, float]  # low, point, high


class Shift(msgspec.Struct, frozen=True):
    """What is added to a signal in each stretch: at least, likely, at most; arrays (stretches).

    `middle`: where the middle of each stretch lies, in blocks before the end of the window, falling.
    """

    middle: Floats
    low: Floats
    point: Floats
    high: Floats

    def move(self, side: Side, end: float, block_seconds: float, lag: float) -> Move:
        """Return what is added at each time of a window, given where the blocks end (Unix seconds).

        Between the middles of two stretches it changes evenly. `lag`: the middle of the range that a value looks back
        over, in seconds.
        """
        middles, values = end - self.middle * block_seconds, getattr(self, side)

        def by(window: Window) -> Floats:
            found: Floats = np.interp(np.arange(window.start, window.end + 1, window.step) - lag, middles, values)
            return found

        return by


def shifts(evidence: Evidence, now: Plan, then: Plan) -> dict[str, Shift]:
    """Return by signal how far it would have lain from where it was under another plan.

    Where other configurations ran beside the one tuned, only its share of the items moves.
    """
    bounds, observed = list(_stretches(evidence.activity())), observe(evidence, now.thresholds)
    rows: dict[str, list[Case]] = {name: [] for name in SIGNALS}
    share = evidence.finished() / (evidence.finished() + sum(evidence.others.values()))
    for first, last in bounds:
        part = evidence.between(first, last)
        model = Model(part, now, Resampling(np.zeros(0), draws=0), observed)
        was, outlook = _recorded(part), model.outlook(then)[0]
        exits = float(model.early_share(then)[0] - model.early_share(now)[0])
        for name, found in (("bypass_rate", outlook.bypass), ("quality_score_avg", outlook.quality),
                            ("time_savings", outlook.savings)):  # fmt: skip
            rows[name].append(_case(found, was[name], share))
        rows["early_exit_share"].append((exits * share,) * 3)
    middle = np.array([evidence.blocks - (first + last) / 2 for first, last in bounds])
    return {name: Shift(middle, *np.nan_to_num(np.array(found)).T) for name, found in rows.items()}


def _recorded(evidence: Evidence) -> dict[str, float]:
    """Return what the signals came to."""
    of_full = ("overall", "full")
    scored = sum(float(h.counts.sum()) for key, h in evidence.scores.items() if key[:2] == of_full)
    saved, spent = evidence.total(evidence.saved), evidence.total(evidence.spent)
    return {
        "bypass_rate": evidence.shortcuts() / evidence.finished(),
        "quality_score_avg": evidence.total(evidence.score_sums, *of_full) / scored if scored else math.nan,
        "time_savings": savings_share(saved, spent),
    }


def _case(then: Range, was: float, share: float) -> Case:
    low, point, high = ((float(side[0]) - was) * share for side in (then.low, then.point, then.high))
    return low, point, high


def _stretches(activity: Floats) -> Iterator[tuple[int, int]]:
    """Yield blocks from (included) to (not included) with LEAST_ITEMS or more; what is left over joins the last one."""
    first, total, waiting = 0, 0.0, float(activity.sum())
    for last, items in enumerate(activity.tolist(), 1):
        total, waiting = total + items, waiting - items
        if last == len(activity) or (total >= LEAST_ITEMS and waiting >= LEAST_ITEMS):
            yield first, last
            first, total = last, 0.0
