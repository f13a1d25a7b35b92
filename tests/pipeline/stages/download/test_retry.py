from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import StageError
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.retry import seconds_to_wait, status_fault, with_retries

if TYPE_CHECKING:
    pass


NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds


def test_a_status_below_400_is_no_fault() -> None:
    assert status_fault(204, None, "x", NOW) is None


def test_no_further_try_is_made_when_the_budget_is_used_up() -> None:
    clock = iter([0.0, 5.0, 5.0, 5.0]).__next__
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise StageError("network", "broken", retryable=True)

    with pytest.raises(StageError):
        with_retries(work, 3, Budget(10, 1.0, clock))
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [(401, "auth", False), (404, "not_found", False), (410, "not_found", False), (408, "timeout", True),
     (429, "rate_limited", True), (418, "http_status", False), (500, "http_status", True), (501, "http_status", False)],
)  # fmt: skip
def test_a_status_has_a_bounded_kind_and_only_passing_faults_are_tried_again(
    status: int, kind: str, retryable: bool
) -> None:
    found = status_fault(status, "7", "https://a.example/x", NOW)
    assert found is not None
    assert (found.error_type, found.retryable, found.retry_after) == (kind, retryable, 7.0)
    assert str(found) == f"https://a.example/x answered with HTTP status {status}"


def test_a_wait_of_any_length_is_a_number_and_one_of_thousands_of_digits_too() -> None:
    assert seconds_to_wait("9" * 5000, NOW) == 999_999_999.0
    assert seconds_to_wait("-3", NOW) is None
    assert seconds_to_wait("²", NOW) is None


def test_a_date_without_a_zone_is_taken_for_utc() -> None:
    assert seconds_to_wait("Sun, 01 Mar 2026 12:00:09 -0000", NOW) == 9.0


def test_what_works_is_done_once() -> None:
    assert with_retries(lambda: "done", 0, Budget(10, 1.0)) == "done"
