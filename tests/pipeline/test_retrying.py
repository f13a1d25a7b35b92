from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.errors import StageError
from pipeline.retrying import AttemptError, tried


def failing(*errors: Exception) -> tuple[Callable[[], str], list[int]]:
    """Return an action that raises these errors in turn and then answers, and the list of its calls."""
    calls: list[int] = []

    def action() -> str:
        calls.append(len(calls) + 1)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return "done"

    return action, calls


def again(after: float | None = 0.0) -> AttemptError:
    return AttemptError("network", "reset", retryable=True, after=after)


def test_what_may_be_tried_again_is_until_it_works() -> None:
    action, calls = failing(again(), again())
    assert tried(action, attempts=3) == "done"
    assert calls == [1, 2, 3]


def test_the_last_error_is_raised_when_all_attempts_are_used_up() -> None:
    action, calls = failing(again(), again(), again())
    with pytest.raises(AttemptError, match="reset"):
        tried(action, attempts=2)
    assert calls == [1, 2]


@pytest.mark.parametrize(
    "error",
    [AttemptError("auth", "no", retryable=False), StageError("network", "x", retryable=True), ValueError("a bug")],
    ids=["final", "of a stage", "a bug"],
)
def test_only_an_attempt_that_says_so_is_tried_again(error: Exception) -> None:
    action, calls = failing(error)
    with pytest.raises(type(error)):
        tried(action, attempts=5)
    assert calls == [1]


@pytest.mark.parametrize("attempts", [0, -1, 1])
def test_it_is_tried_once_at_least(attempts: int) -> None:
    action, calls = failing()
    assert tried(action, attempts=attempts) == "done"
    assert calls == [1]


def test_without_a_wished_wait_the_pause_is_our_own() -> None:
    action, calls = failing(again(after=None))
    assert tried(action, attempts=2, first_backoff=0.001) == "done"
    assert calls == [1, 2]
