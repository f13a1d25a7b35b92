from __future__ import annotations

import numpy as np
import pytest

from monitoring.history.blocks import Floats
from monitoring.history.ratios import ratio
from monitoring.history.resampling import Resampling, student
from monitoring.outlook.shadow_share import wilson

T_975 = {7: 2.3646, 10: 2.2281, 27: 2.0518, 41: 2.0195}  # from printed tables


@pytest.mark.parametrize(("degrees", "value"), T_975.items())
def test_students_quantile_agrees_with_the_tables(degrees: int, value: float) -> None:
    assert student(0.975, degrees) == pytest.approx(value, abs=0.002)


def test_the_jackknife_of_a_mean_is_its_textbook_standard_error() -> None:
    squares, textbook = [], []
    for seed in range(400):
        values = np.random.default_rng(seed).normal(5.0, 2.0, 40)
        resampling = Resampling(np.ones(40))
        means = ratio(resampling.counts(values), resampling.counts(np.ones(40)))
        squares.append(resampling.standard_error(means) ** 2)
        textbook.append(values.var(ddof=1) / 40)
    assert np.mean(squares) == pytest.approx(np.mean(textbook), rel=0.06)  # 2 % is one standard error


def covered(make: object, seeds: int, blocks: int) -> float:
    """Return the share of intervals of a mean over blocks that hold its true value, 0."""
    assert callable(make)
    hits = 0
    for seed in range(seeds):
        values: Floats = 10 + make(np.random.default_rng(seed))
        resampling = Resampling(np.ones(blocks))
        figure = ratio(resampling.counts(values), resampling.counts(np.ones(blocks)))
        hits += abs(figure[0] - 10) <= resampling.reach(figure)
    return hits / seeds


def test_intervals_of_independent_blocks_hold_the_truth_in_95_of_100_worlds() -> None:
    assert 0.93 <= covered(lambda rng: rng.normal(0, 1, 42), 2000, 42) <= 0.97
    assert 0.93 <= covered(lambda rng: rng.normal(0, 1, 10), 2000, 10) <= 0.97


@pytest.mark.parametrize("noise", [0.3, 1.0, 2.0])
def test_blocks_that_resemble_their_neighbours_widen_the_interval_as_they_should(noise: float) -> None:
    def stretches(rng: np.random.Generator) -> Floats:
        first = rng.integers(0, 3)  # trouble does not keep to the edges of three blocks
        found: Floats = np.repeat(rng.normal(0, 1, 16), 3)[first : first + 42] + rng.normal(0, noise, 42)
        return found

    assert 0.925 <= covered(stretches, 2000, 42) <= 0.97


def test_with_too_few_blocks_counts_are_drawn_and_a_share_gets_its_binomial_error() -> None:
    resampling = Resampling(np.array([3.0, 2.0]))
    part, rest = resampling.counts(np.array([60.0, 40.0])), resampling.counts(np.array([100.0, 200.0]))
    assert resampling.standard_error(ratio(part, part + rest)) == pytest.approx((0.25 * 0.75 / 400) ** 0.5, rel=0.15)


def test_drawn_sums_vary_as_the_sum_of_so_many_items() -> None:
    resampling = Resampling(np.zeros(0))
    counts = resampling.counts(np.array([400.0]))
    sums = resampling.sums(np.array([2000.0]), np.array([400.0]), counts, 0.5)
    assert sums[0] == 2000
    assert resampling.standard_error(ratio(sums, counts)) == pytest.approx(5 * 0.5 / 20, rel=0.15)


def test_wilsons_interval_agrees_with_the_printed_example() -> None:
    assert wilson(4, 20) == pytest.approx((0.0807, 0.4160), abs=2e-4)
    assert wilson(0, 30)[0] == 0.0
