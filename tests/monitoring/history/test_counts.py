"""Counting by samples: what rose is what the samples say, to the item."""

from __future__ import annotations

import math

import pytest

from monitoring.history.counts import Samples, rise

START, END = 100.0, 200.0


def risen(*values: float, begins: float = 95.0, known_since: float = 0.0, step: float = 10.0) -> float:
    points = [(begins + n * step, value) for n, value in enumerate(values)]
    return rise(Samples({}, points, known_since), START, END)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((0.0, 3.0, 7.0), 7.0), ((40.0, 43.0, 47.0), 7.0), ((40.0, 40.0, 40.0), 0.0), ((), 0.0), ((7.0,), 0.0),
     ((40.0, 2.0, 5.0), 5.0), ((40.0, 45.0, 1.0, 4.0), 9.0), ((5.0, math.inf, 8.0), 3.0), ((5.0, math.nan, 8.0), 3.0)],
)  # fmt: skip
def test_what_rose_since_the_last_sample_before_the_start_counts_resets_included(
    values: tuple[float, ...], expected: float
) -> None:
    assert risen(*values) == expected


def test_what_lies_beyond_the_end_does_not_count() -> None:
    assert risen(0.0, 1.0, 2.0, 4.0, step=40.0) == 2.0  # at 95, 135, 175 and 215


def test_a_series_that_appears_while_its_target_was_scraped_began_at_nothing() -> None:
    assert risen(50.0, 51.0, begins=150.0, known_since=60.0) == 51.0


def test_what_a_target_had_counted_before_anybody_looked_belongs_to_the_time_before() -> None:
    assert risen(5000.0, 5003.0, begins=150.0, known_since=150.0) == 3.0
    assert risen(3.0, 5.0, 9.0, begins=150.0, known_since=150.0) == 9.0  # no more than came later between two samples
