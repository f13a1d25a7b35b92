"""Sampling error of any figure made of sums: by leaving out one stretch of time after another.

Items of one hour resemble each other more than independent draws would (a feed goes bad, a batch of one kind comes
in), so intervals that take items for independent are too short. The delete-one jackknife over blocks of time makes no
such assumption (Quenouille 1956; Efron & Stein 1981):

    theta_(i): the figure without block i;  e_i = theta_(i) - their mean
    SE^2 = (b - 1) / b * sum e_i^2

Trouble may last for longer than a block, so neighbours may resemble each other. The sum of squares is therefore taken
from the slow end of the spectrum, where such resemblance shows (equal-weighted cosines; Lazarus, Lewis, Stock & Watson
2018), with Student's t on as many degrees of freedom as there are cosines:

    L_j = sqrt(2 / b) * sum e_i * cos(pi * j * (i - 1/2) / b),  j = 1..B;  sum e_i^2 -> (b - 1) * mean L_j^2

For blocks that do not resemble each other this has the same expectation; B = b / 4 makes intervals 7 % longer then.
With fewer than eight blocks in which anything happened, the figure is computed anew for counts drawn from Poisson
distributions about those seen.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from monitoring.history.blocks import Floats

MIN_BLOCKS = 8
_BLOCKS_A_COSINE, _FEWEST_COSINES = 4, 4
_DRAWS = 400
_SEED = 20_240_229  # any; fixed, so that the same data give the same answer


class Resampling:
    """Makes replicates of block sums, the whole first, and turns figures of replicates into standard errors."""

    def __init__(self, activity: Floats, draws: int = _DRAWS) -> None:
        """Take how much happened in each block; `draws` is how many counts are drawn where blocks are too few."""
        self._draws = draws
        self._active = np.flatnonzero(activity > 0)
        self.by_blocks = len(self._active) >= MIN_BLOCKS
        self._rng = np.random.default_rng(_SEED)

    def counts(self, blocks: Floats) -> Floats:
        """Return replicates (r, ...) of counts in blocks (b, ...)."""
        total = blocks.sum(axis=0)
        if self.by_blocks:
            return np.concatenate([total[None], np.maximum(total - blocks[self._active], 0.0)])
        drawn = self._rng.poisson(np.maximum(total, 0.0), (self._draws, *total.shape)).astype(np.float64)
        return np.concatenate([total[None], drawn])

    def sums(self, blocks: Floats, count_blocks: Floats, counts: Floats, variation: Floats | float) -> Floats:
        """Return replicates of sums over counted items, consistent with the replicates of the counts.

        `variation`: the standard deviation of one item's value over its mean; used where blocks are too few.
        """
        if self.by_blocks:
            return self.counts(blocks)
        total, items = blocks.sum(axis=0), np.maximum(count_blocks.sum(axis=0), 1e-9)
        mean = total / items
        noise = self._rng.standard_normal(counts.shape)
        noise[0] = 0.0
        found: Floats = np.maximum(mean * (counts + variation * np.sqrt(counts) * noise), 0.0)
        return found

    def standard_error(self, figures: Floats) -> float:
        """Return the standard error of a figure, given that of the whole and those of the replicates (r)."""
        return self._error(figures)[0]

    def reach(self, figures: Floats, confidence: float = 0.95) -> float:
        """Return how far a two-sided interval reaches."""
        error, degrees = self._error(figures)
        p = 0.5 + confidence / 2
        return error * (student(p, degrees) if math.isfinite(degrees) else NormalDist().inv_cdf(p))

    def _error(self, figures: Floats) -> tuple[float, float]:
        others = figures[1:][np.isfinite(figures[1:])]
        n = len(others)
        if n < 2:
            return math.nan, math.inf
        if not self.by_blocks:
            return float(others.std(ddof=1)), math.inf
        cosines = max(_FEWEST_COSINES, n // _BLOCKS_A_COSINE)
        return math.sqrt((n - 1) / n * (n - 1) * _slow_power(others - others.mean(), cosines)), float(cosines)


def _slow_power(deviations: Floats, cosines: int) -> float:
    """Return the mean square of the first cosine transforms: the variance of one deviation, resemblance included."""
    n = len(deviations)
    waves = np.cos(np.pi * np.outer(np.arange(1, cosines + 1), np.arange(n) + 0.5) / n)
    return float(np.mean((math.sqrt(2 / n) * waves @ deviations) ** 2))


def student(p: float, degrees: float) -> float:
    """Return the quantile of Student's t, by the expansion about the normal one (Abramowitz & Stegun 26.7.5).

    Off by less than 0.002 from seven degrees of freedom on.
    """
    z = NormalDist().inv_cdf(p)
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160
    return z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3 + g4 / degrees**4
