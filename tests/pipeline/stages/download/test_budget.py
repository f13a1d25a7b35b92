from __future__ import annotations

import time

import pytest

from pipeline.errors import StageError
from pipeline.stages.download.budget import Budget, capped


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(budget: Budget, count: int) -> str:
    with pytest.raises(StageError) as error:
        budget.spend(count)
    return error.value.error_type


def test_bytes_are_counted_over_all_requests_and_the_last_one_that_fits_is_taken() -> None:
    budget = Budget(100, 60.0, Clock())
    budget.spend(60)
    budget.spend(40)
    assert refused(budget, 1) == "too_large"


def test_what_announces_too_much_is_refused_and_nothing_is_counted() -> None:
    budget = Budget(1000, 60.0, Clock())
    budget.spend(400)
    budget.announce(600)
    with pytest.raises(StageError, match="larger than the limit of 1,000 bytes"):
        budget.announce(601)
    budget.spend(600)


def test_time_is_up_exactly_at_the_limit_and_never_negative() -> None:
    clock = Clock()
    budget = Budget(100, 2.5, clock)
    clock.now += 2.4
    budget.check_time()
    assert budget.seconds_left() == pytest.approx(0.1)
    clock.now += 0.1
    assert refused(budget, 0) == "timeout"
    clock.now += 100
    assert budget.seconds_left() == 0.0
    with pytest.raises(StageError, match=r"took longer than the limit of 2\.5 s"):
        budget.check_time()


def test_too_large_is_said_before_too_late() -> None:
    clock = Clock()
    budget = Budget(10, 1.0, clock)
    clock.now += 5
    assert refused(budget, 11) == "too_large"


def test_sockets_wait_no_longer_than_the_innermost_budget_and_as_they_like_outside() -> None:
    assert (capped(7.0), capped(None)) == (7.0, None)
    with Budget(10, 50.0, time.monotonic).enforced():
        assert capped(7.0) == 7.0
        assert 49.0 < (capped(None) or 0) <= 50.0
        with Budget(10, 3.0, time.monotonic).enforced():
            assert 2.0 < (capped(7.0) or 0) <= 3.0
        assert capped(7.0) == 7.0
    assert capped(None) is None


def test_nothing_is_begun_under_a_budget_that_is_used_up() -> None:
    clock = Clock()
    budget = Budget(10, 1.0, clock)
    clock.now += 1
    with pytest.raises(StageError), budget.enforced():
        raise AssertionError("begun")
    assert capped(None) is None
