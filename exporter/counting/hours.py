"""Quality hour by hour, kept by the exporter itself for those who have no Prometheus (a week of hours at most)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pipeline.domains.event import DomainEvent
from pipeline.events import ItemFinished

HOURS_KEPT = 7 * 24
DIMENSIONS = ("quality_score", "coherence", "completeness", "informativeness")


class Hour(msgspec.Struct):
    """One hour: how many items finished; per dimension, count and sum of the scores of items processed in full."""

    start: int  # Unix time
    items: int = 0
    counts: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0])
    sums: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])

    def mean(self, dimension: int) -> float | None:
        """Return the mean score (0..1) of one dimension, None when nothing was scored."""
        return self.sums[dimension] / self.counts[dimension] if self.counts[dimension] else None


class Trends:
    """The last hours, oldest first."""

    def __init__(self) -> None:
        self._hours: dict[int, Hour] = {}

    def note(self, events: Iterable[DomainEvent], at: float) -> None:
        """Count finished items into the hour of `at` (Unix seconds)."""
        finished = [event for event in events if type(event) is ItemFinished]
        if finished:
            hour = self._hour(at)
            hour.items += len(finished)
            for dimension, name in enumerate(DIMENSIONS):
                scores = [s for e in finished if e.processing_type == "full" and (s := getattr(e, name)) is not None]
                hour.counts[dimension] += len(scores)
                hour.sums[dimension] += sum(scores)

    def last(self, hours: int, now: float) -> list[Hour]:
        """Return the hours with items among the last `hours`, oldest first."""
        first = now - hours * 3600
        return [hour for start, hour in sorted(self._hours.items()) if start + 3600 > first]

    def all(self) -> list[Hour]:
        """Return every hour that is kept, as copies."""
        return [Hour(h.start, h.items, list(h.counts), list(h.sums)) for h in self._hours.values()]

    def restore(self, hours: Iterable[Hour]) -> None:
        """Put back what `all` gave."""
        self._hours = {hour.start: hour for hour in hours}

    def _hour(self, at: float) -> Hour:
        start = int(at // 3600) * 3600
        if start not in self._hours:
            self._hours[start] = Hour(start)
            for old in sorted(self._hours)[:-HOURS_KEPT]:
                del self._hours[old]
        return self._hours.setdefault(start, Hour(start))
