from __future__ import annotations

import numpy as np
import pytest

from monitoring.history.blocks import Floats, Key
from monitoring.history.histograms import Buckets, Distribution, assemble

EDGES = (0.25, 0.5, 0.75, 1.0)


def histogram(*counts: float, mean: float | None = None) -> Distribution:
    return Distribution(Buckets(EDGES, np.array([[*counts, 0.0]])), mean=mean)


def one(values: Floats) -> float:
    return float(values[0])


def test_at_an_edge_a_histogram_is_exact() -> None:
    found = histogram(3, 5, 7, 11).below(0.5)
    assert (one(found.low), one(found.point), one(found.high)) == (8, 8, 8)


def test_between_edges_the_counts_at_both_are_all_that_is_certain() -> None:
    found = histogram(3, 5, 7, 11).below(0.6)
    assert (one(found.low), one(found.high)) == (8, 15)
    assert 8 < one(found.point) < 15


def test_the_guess_between_edges_is_near_the_truth_of_a_smooth_distribution() -> None:
    rng = np.random.default_rng(5)
    values = np.clip(rng.normal(0.68, 0.09, 200_000), 0, 1)
    edges = tuple(np.round(np.arange(1, 21) * 0.05, 2).tolist())
    counts = np.bincount(np.searchsorted(edges, values), minlength=21)[None].astype(np.float64)
    found = Distribution(Buckets(edges, counts))
    for value in (0.53, 0.62, 0.67, 0.68, 0.74):
        assert one(found.below(value).point) / len(values) == pytest.approx((values < value).mean(), abs=0.006)


def test_nothing_lies_below_the_floor_and_everything_below_the_last_edge() -> None:
    found = histogram(3, 5, 7, 11)
    assert [one(found.below(value).point) for value in (-0.1, 0.0, 1.0, 1.5)] == [0, 0, 26, 26]


def test_values_known_to_lie_above_a_threshold_are_not_counted_below_it() -> None:
    found = histogram(0, 8, 4, 2)  # all passed 0.4, which lies within the second bucket
    assert one(found.below(0.4, support=0.4).high) == 0
    part = found.below(0.45, support=0.4)
    assert (one(part.low), one(part.point), one(part.high)) == (0, 4, 8)


def test_a_mean_that_is_known_moves_the_middles_of_the_buckets() -> None:
    assert one(histogram(0, 10, 0, 0).sum_all()) == pytest.approx(3.75)
    assert one(histogram(0, 10, 0, 0, mean=0.45).sum_all()) == pytest.approx(4.5)


def test_taking_away_what_lies_below_leaves_a_mean_within_bounds_that_hold_the_truth() -> None:
    rng = np.random.default_rng(6)
    values = rng.beta(6, 3, 5000)
    counts = np.bincount(np.searchsorted(EDGES, values), minlength=5)[None].astype(np.float64)
    found = Distribution(Buckets(EDGES, counts), mean=float(values.mean()))
    for value in (0.5, 0.6):
        count, mass, whole = found.below(value), found.mass_below(value), found.sum_all()
        means = [
            one((whole - m) / (found.total - c))
            for c, m in ((count.low, mass.low), (count.point, mass.point), (count.high, mass.high))
        ]
        assert means[0] <= values[values >= value].mean() <= means[2]
        assert means[1] == pytest.approx(values[values >= value].mean(), abs=0.03)


def test_margins_begin_below_their_first_edge() -> None:
    margins = Distribution(Buckets((-1.0, -0.5, 0.0, 0.5), np.array([[2.0, 3.0, 5.0, 7.0, 0.0]])), floor=-1.0)
    assert [one(margins.below(value).point) for value in (-1.0, -0.5, 0.0)] == [2, 5, 10]


def test_histograms_are_put_together_from_what_each_bucket_rose() -> None:
    rises: dict[Key, Floats] = {
        ("a", "+Inf"): np.array([9.0, 1.0]),
        ("a", "0.5"): np.array([4.0, 0.0]),
        ("a", "1"): np.array([7.0, 1.0]),
    }
    found = assemble(rises, 2)
    assert found["a",].edges == (0.5, 1.0)
    assert found["a",].counts.tolist() == [[4, 3, 2], [0, 1, 0]]


def test_rises_that_extrapolation_made_uneven_are_made_cumulative_again() -> None:
    rises: dict[Key, Floats] = {("0.5",): np.array([4.02]), ("1.0",): np.array([4.0]), ("+Inf",): np.array([4.0])}
    assert assemble(rises, 1)[()].counts.tolist() == [[4.02, 0, 0]]
