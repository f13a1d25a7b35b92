"""Sampling error of any figure made of sums: by leaving out one stretch of time after another.

Items of one hour resemble each other more than independent draws would (a feed goes bad, a batch of one kind comes
in), so intervals that take items for independent are too short. The delete-one jackknife over blocks of time makes no
such assumption (Quenouille 1956; Efron & Stein 1981):

    SE^2 = (b - 1) / b * sum (theta_(i) - mean theta_(.))^2,     theta_(i): the figure without pair i

Neighbouring blocks are left out in pairs where there are enough, because trouble may last for longer than one. Where
pairs resemble their neighbours too, their autocovariances are added (as Newey & West 1987 do) and degrees of freedom
are taken away. With fewer than eight blocks in which anything happened, the figure is computed anew for counts
drawn from Poisson distributions about those seen.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from monitoring.history import Floats

MIN_BLOCKS = 8
_PAIR = 2  # blocks that are left out together
_LEAST_DEGREES = 4.0  # of freedom
_DRAWS = 400
_SEED = 20_240_229  # any; fixed, so that the same data give the same answer
_CORRELATED = 1.645  # standard errors of the lag-1 autocorrelation: 5 % of uncorrelated series lie beyond


class Resampling:
    """Makes replicates of block sums, the whole first, and turns figures of replicates into standard errors."""

    def __init__(self, activity: Floats, draws: int = _DRAWS) -> None:
        """Take how much happened in each block; `draws` is how many counts are drawn where blocks are too few."""
        self._draws = draws
        active = np.flatnonzero(activity > 0)
        self.by_blocks = len(active) >= MIN_BLOCKS
        self._groups = np.array_split(active, max(MIN_BLOCKS, -(-len(active) // _PAIR))) if self.by_blocks else []
        self._rng = np.random.default_rng(_SEED)

    def counts(self, blocks: Floats) -> Floats:
        """Return replicates (r, ...) of counts in blocks (b, ...)."""
        total = blocks.sum(axis=0)
        if self.by_blocks:
            left_out = np.stack([blocks[group].sum(axis=0) for group in self._groups])
            return np.concatenate([total[None], np.maximum(total - left_out, 0.0)])
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
        """Return how far a two-sided interval reaches: Student's t over blocks, the fewer the more they are alike."""
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
        squares, alike = _long_run(others - others.mean())
        return math.sqrt((n - 1) / n * squares * alike), max(_LEAST_DEGREES, (n - 1) / alike)


def _long_run(deviations: Floats) -> tuple[float, float]:
    """Return the sum of squares, and the factor by which neighbours that resemble each other enlarge it (1 or more)."""
    n, squares = len(deviations), float((deviations**2).sum())
    if squares <= 0:
        return 0.0, 1.0
    factor = 1.0
    for lag in range(1, int(n**0.5) + 1):
        alike = float((deviations[lag:] * deviations[:-lag]).sum()) / squares
        if alike * math.sqrt(n) < _CORRELATED:
            break
        factor += 2 * alike
    return squares, factor


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
