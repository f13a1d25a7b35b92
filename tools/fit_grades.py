"""Fit a `Grade`: how much each sign of quality weighs, by logistic regression that may not contradict the sign.

Centre and spread of a sign come from good texts (median; distance from there to the bad 5 % tail, as standard
deviations). Weights minimise the cross-entropy to soft targets (0.92 for good, 0.1 for bad texts) plus a pull towards
an expected weight that keeps signs which the corpus hardly shows; none may be negative. Each group of bad texts counts
the same, all of them together two thirds of the good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.stages.assess.grade import Grade, Sign

Plan = Mapping[str, tuple[int, float, float]]  # sign -> direction, smallest spread that is believed, expected weight

COHERENCE: Plan = {
    "flow": (1, 0.15, 1.0),
    "ties": (1, 0.02, 0.5),
    "returns": (1, 0.05, 0.3),
    "thread": (1, 0.04, 0.6),
    "digression": (-1, 0.02, 0.5),
    "noise": (-1, 0.004, 0.3),
    "stutter": (-1, 0.01, 0.3),
    "unknown": (-1, 0.25, 0.4),
}
INFORMATIVENESS: Plan = {
    "repetition": (-1, 0.04, 0.8),
    "diversity": (1, 0.3, 0.3),
    "concentration": (-1, 0.08, 0.3),
    "density": (1, 0.06, 0.4),
    "specifics": (1, 0.03, 0.3),
    "emptiness": (-1, 0.8, 0.7),
    "filler": (-1, 0.02, 0.5),
    "hype": (-1, 0.012, 0.6),
    "begging": (-1, 0.02, 0.6),
    "vague": (-1, 0.025, 0.7),
}
_GOOD, _BAD = 0.92, 0.1
_GOOD_SHARE = 0.6  # a good text called poor is lost; a poor one called good only costs time
_LOWEST = math.log(0.62 / 0.38)
_PULL = 0.1
_STEPS = 4000

Row = npt.NDArray[np.float64]


def fit(
    plan: Plan,
    good: Sequence[Mapping[str, float]],
    bad: Sequence[Sequence[Mapping[str, float]]],
    hardest: Sequence[Mapping[str, float]],
) -> Grade:
    """Return the grade that tells the good texts from every group of bad ones, given the signs of each.

    The bias is raised until 95 % of `hardest`, good texts in their least favourable form, get 0.62 at least.
    """
    signs = {name: _sign(direction, least, [row[name] for row in good]) for name, (direction, least, _) in plan.items()}
    rows = [*good, *(row for group in bad for row in group)]
    inputs = np.array([[sign.goodness(row[name]) for name, sign in signs.items()] for row in rows])
    targets = np.array([_GOOD] * len(good) + [_BAD] * (len(rows) - len(good)))
    shares = [np.full(len(good), _GOOD_SHARE / len(good))]
    shares += [np.full(len(group), (1 - _GOOD_SHARE) / len(group) / len(bad)) for group in bad]
    bias, weights = _descend(inputs, targets, np.concatenate(shares), [weight for _, _, weight in plan.values()])
    weighted = {
        name: Sign(sign.direction, sign.centre, sign.spread, round(float(weight), 4))
        for (name, sign), weight in zip(signs.items(), weights, strict=True)
    }
    logits = [bias + sum(sign.weight * sign.goodness(row[name]) for name, sign in weighted.items()) for row in hardest]
    missing = _LOWEST - float(np.percentile(logits, 5))
    return Grade(round(bias + max(0.0, missing), 4), weighted)


def stated(signs: Mapping[str, tuple[int, float, float, float]], bias: float = 1.8) -> Grade:
    """Return a grade whose numbers are given: direction, centre, spread, weight."""
    return Grade(bias, {name: Sign(*numbers) for name, numbers in signs.items()})


# Stated, not fitted: a corpus of one length cannot teach lengths. 300 words that end in a full stop get 0.89, 200 get
# 0.74, 150 about 0.6, 100 about 0.35; a text cut off in mid-sentence loses 2.3 logits at any length.
COMPLETENESS = stated(
    {
        "length": (1, 1.0, 1.0, 1.7),
        "truncation": (-1, 0.0, 0.35, 0.9),
        "closing": (1, 0.05, 0.05, 0.2),
        "opening": (1, 0.05, 0.08, 0.1),
    },
    bias=2.1,
)
# Stated: the grammar of other languages is not known here, but every language has a few words that come all the time.
FOREIGN_COHERENCE = stated(
    {"head share": (1, 0.22, 0.04, 1.4), "identified": (1, 1.0, 0.2, 0.7), "repetition": (-1, 0.0, 0.2, 0.3)}
)


def _sign(direction: int, least: float, values: Sequence[float]) -> Sign:
    centre = float(np.median(values))
    tail = float(np.percentile(values, 5 if direction > 0 else 95))
    spread = max(least, abs(centre - tail) / 1.645)
    return Sign(direction, round(centre, 5), round(spread, 5), 0.0)


def _descend(inputs: Row, targets: Row, shares: Row, expected: Sequence[float]) -> tuple[float, Row]:
    """Projected gradient descent: the weights stay at 0 or above, the bias is free."""
    design = np.hstack([inputs, np.ones((len(inputs), 1))])
    step = 1.0 / (np.linalg.norm(design * np.sqrt(shares)[:, None], 2) ** 2 / 4 + _PULL)
    prior = np.array([*expected, 2.0])
    values = prior.copy()
    for _ in range(_STEPS):
        scores = 1 / (1 + np.exp(-(design @ values)))
        slope = design.T @ ((scores - targets) * shares) + _PULL * (values - prior) * (
            np.arange(len(values)) < len(values) - 1
        )
        values = values - step * slope
        values[:-1] = np.maximum(values[:-1], 0.0)
    return float(values[-1]), values[:-1]
