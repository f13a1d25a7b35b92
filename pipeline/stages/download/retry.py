"""Trying again: which faults deserve it, how long to wait, and for how long at most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import stamina

from pipeline.errors import ErrorType, StageError
from pipeline.stages.download.budget import Budget

T = TypeVar("T")

_STATUS_TYPES: dict[int, ErrorType] = {
    401: "auth",
    403: "auth",
    404: "not_found",
    410: "not_found",
    408: "timeout",
    429: "rate_limited",
}
_RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpError(StageError):
    """An HTTP answer that is an error; `retry_after` is the wait (seconds) that the server asked for."""

    def __init__(
        self, error_type: ErrorType, message: str, *, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(error_type, message, retryable=retryable)
        self.retry_after = retry_after


def status_fault(status: int, retry_after: str | None, place: str, now: dt.datetime) -> HttpError | None:
    """Return the error that an HTTP status stands for, None below 400. `place` is a URL fit for a message."""
    if status < 400:
        return None
    error_type = _STATUS_TYPES.get(status, "http_status")
    return HttpError(
        error_type,
        f"{place} answered with HTTP status {status}",
        retryable=status in _RETRYABLE_STATUS,
        retry_after=seconds_to_wait(retry_after, now),
    )


def seconds_to_wait(retry_after: str | None, now: dt.datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 10.2.3: seconds or a date) as seconds from `now`, never negative."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())


def with_retries(work: Callable[[], T], attempts: int, budget: Budget) -> T:
    """Do the work up to `attempts` times: only retryable faults are met again, after a jittered, growing wait.

    A wait that the server asks for (Retry-After) is kept exactly; one longer than the budget ends the tries at once.
    """
    for attempt in stamina.retry_context(
        on=lambda fault: _next_wait(fault, budget),
        attempts=max(1, attempts),
        timeout=None,  # the budget decides
        wait_initial=0.2,
        wait_max=5.0,
        wait_jitter=0.5,
    ):
        with attempt:
            return work()
    raise AssertionError("stamina either returns or raises")  # pragma: no cover


def _next_wait(fault: Exception, budget: Budget) -> bool | float:
    """Say whether to try again (stamina's hook): False, True for its own backoff, or the seconds to wait."""
    if not isinstance(fault, StageError) or not fault.retryable:
        return False
    wait = getattr(fault, "retry_after", None)
    if wait is None:
        return budget.seconds_left() > 0
    return float(wait) if wait < budget.seconds_left() else False
