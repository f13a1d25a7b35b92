"""Series that nobody touched for a while disappear from the exposition, not from memory.

A counter that comes back goes on from its old value, so rates never see it fall. Series that still stand at 0 stay:
they are the known label sets that have to be there before their first increment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from exporter.text.shards import Shard


class Expiry(msgspec.Struct, frozen=True):
    """How long an untouched series is still shown (seconds), by which clock."""

    seconds: float
    clock: Callable[[], float]


class Touches:
    """When each child of one shard last changed, as far as scrapes have seen."""

    def __init__(self, expiry: Expiry) -> None:
        self._expiry = expiry
        self._at: list[float] = []

    def note(self, shard: Shard, changed: Sequence[int]) -> list[int]:
        """Take note of the rows that changed; return the rows to show."""
        now = self._expiry.clock()
        self._at += [now] * (len(shard.children) - len(self._at))
        for row in changed:
            self._at[row] = now
        oldest = now - self._expiry.seconds
        return [row for row, at in enumerate(self._at) if at >= oldest or shard.is_zero(row)]
