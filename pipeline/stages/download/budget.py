"""What one download may still use: bytes and seconds, counted over all its requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pipeline.errors import StageError

# The instant (time.monotonic) after which no socket of this thread of work waits any longer. A timeout of httpx holds
# for a single read, so that a server which sends one byte now and then could go on for ever.
_DEADLINE: ContextVar[float | None] = ContextVar("download_deadline", default=None)


class Budget:
    """Bytes and seconds left to one download; its methods raise `too_large` and `timeout`."""

    def __init__(self, max_bytes: int, max_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds
        self._clock = clock
        self._bytes = 0
        self._deadline = clock() + max_seconds

    def spend(self, count: int) -> None:
        """Count `count` more decoded bytes."""
        self._bytes += count
        if self._bytes > self.max_bytes:
            raise self.too_large()
        self.check_time()

    def announce(self, count: int) -> None:
        """Refuse at once what says that it will be too large; nothing is counted."""
        if self._bytes + count > self.max_bytes:
            raise self.too_large()

    def too_large(self) -> StageError:
        """Return the error for content over the limit."""
        return StageError("too_large", f"the content is larger than the limit of {self.max_bytes:,} bytes")

    def seconds_left(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self._deadline - self._clock())

    def check_time(self) -> None:
        """Raise `timeout` when no time is left."""
        if self.seconds_left() <= 0:
            raise StageError("timeout", f"the download took longer than the limit of {self.max_seconds:g} s")

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Let every socket operation inside end at the deadline at the latest."""
        self.check_time()
        token = _DEADLINE.set(time.monotonic() + self.seconds_left())
        try:
            yield
        finally:
            _DEADLINE.reset(token)


def capped(timeout: float | None) -> float | None:
    """Shorten a socket's timeout (seconds) to what the enforced budget leaves; 0.0 or less when nothing is left."""
    deadline = _DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    return left if timeout is None else min(timeout, left)
