"""Series that nobody touched for a while disappear from the exposition, not from memory.

A counter that comes back goes on from its old value, so rates never see it fall. Series that still stand at 0 stay:
they are the known label sets that have to be there before their first increment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec


class Expiry(msgspec.Struct, frozen=True):
    """How long an untouched series is still shown (seconds), by which clock."""

    seconds: float
    clock: Callable[[], float]


class Touches:
    """When each of a metric's children (rows, by number) last changed, as far as scrapes have seen."""

    def __init__(self, expiry: Expiry) -> None:
        self._expiry = expiry
        self._at: list[float] = []

    def note(self, count: int, changed: Sequence[int], is_zero: Callable[[int], bool]) -> list[int]:
        """Take note of which of `count` rows changed; return the rows to show.

        `is_zero` tells whether a row has never counted anything.
        """
        now = self._expiry.clock()
        self._at += [now] * (count - len(self._at))
        for row in changed:
            self._at[row] = now
        oldest = now - self._expiry.seconds
        return [row for row, at in enumerate(self._at) if at >= oldest or is_zero(row)]
