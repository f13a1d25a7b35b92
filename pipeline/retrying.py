"""Trying a request to a service again: what deserves it, after how long, and for how long at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina

from pipeline.errors import ErrorType, StageError

Answer = TypeVar("Answer")
LONGEST_WAIT_SECONDS = 60.0  # a service that asks for more is given up on
FIRST_BACKOFF_SECONDS = 0.5


class AttemptError(StageError):
    """An attempt that failed, and after how many seconds the service wants the next one (None: it does not say)."""

    def __init__(self, error_type: ErrorType, message: str, *, retryable: bool, after: float | None = None) -> None:
        super().__init__(error_type, message, retryable=retryable)
        self.after = after


def tried(action: Callable[[], Answer], *, attempts: int, first_backoff: float = FIRST_BACKOFF_SECONDS) -> Answer:
    """Do it, up to `attempts` times, with growing, jittered pauses or those that the service asks for.

    Only a retryable AttemptError is tried again; every other error, and the last one, is raised.
    """
    retrying = stamina.retry_context(
        on=_again,
        attempts=max(1, attempts),
        timeout=None,
        wait_initial=first_backoff,
        wait_jitter=first_backoff,
        wait_max=LONGEST_WAIT_SECONDS,
    )
    for attempt in retrying:
        with attempt:
            return action()
    raise AssertionError("unreachable: the last attempt returns or raises")


def _again(error: Exception) -> bool | float:
    if not isinstance(error, AttemptError) or not error.retryable:
        return False
    return True if error.after is None else error.after
