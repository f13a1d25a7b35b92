from __future__ import annotations

import numpy as np
import pytest

from monitoring.history.histograms import Range, exactly
from monitoring.outlook.kept import Kept, mean_of


def sure(*values: float) -> Range:
    return exactly(np.array(values))


def between(low: float, point: float, high: float) -> Range:
    return Range(np.array([low]), np.array([point]), np.array([high]))


def test_parts_that_are_known_have_the_mean_of_all_their_items() -> None:
    found = mean_of([Kept(sure(30.0), sure(0.8)), Kept(sure(10.0), sure(0.6))])
    assert [float(side[0]) for side in (found.low, found.point, found.high)] == pytest.approx([0.75] * 3)


def test_the_mean_is_greatest_with_most_of_the_best_and_fewest_of_the_others() -> None:
    found = mean_of([Kept(between(10, 20, 30), sure(0.9)), Kept(between(10, 20, 30), sure(0.5))])
    assert float(found.high[0]) == pytest.approx((30 * 0.9 + 10 * 0.5) / 40)
    assert float(found.low[0]) == pytest.approx((10 * 0.9 + 30 * 0.5) / 40)
    assert float(found.point[0]) == pytest.approx(0.7)


def test_a_part_that_may_be_empty_does_not_pull_the_mean_it_may_not_touch() -> None:
    found = mean_of([Kept(sure(10.0), sure(0.8)), Kept(between(0, 0, 90), sure(0.2))])
    assert float(found.high[0]) == pytest.approx(0.8)
    assert float(found.low[0]) == pytest.approx((8 + 18) / 100)


def test_no_mixture_within_the_ranges_lies_outside_the_mean() -> None:
    rng = np.random.default_rng(6)
    parts = [Kept(between(*sorted(rng.uniform(0, 50, 3))), between(*sorted(rng.uniform(0, 1, 3)))) for _ in range(4)]
    found = mean_of(parts)
    for _ in range(500):
        counts = np.array([rng.uniform(p.items.low[0], p.items.high[0]) for p in parts])
        means = np.array([rng.uniform(p.mean.low[0], p.mean.high[0]) for p in parts])
        mean = float((counts * means).sum() / counts.sum())
        assert float(found.low[0]) - 1e-9 <= mean <= float(found.high[0]) + 1e-9


def test_where_nothing_is_kept_there_is_no_mean() -> None:
    assert np.isnan(mean_of([]).point).all()
    assert np.isnan(mean_of([Kept(sure(0.0), sure(0.7))]).point).all()


def test_replicates_are_kept_apart() -> None:
    found = mean_of([Kept(sure(1.0, 3.0), sure(0.4, 0.4)), Kept(sure(1.0, 1.0), sure(0.8, 0.8))])
    assert found.point.tolist() == pytest.approx([0.6, 0.5])
