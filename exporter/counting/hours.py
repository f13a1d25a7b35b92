"""All figures hour by hour, kept by the exporter itself for those who have no Prometheus.

An hour is what the sums grew by while it lasted: they are read off the metrics when the next hour begins, so that
keeping hours costs nothing for each record, and label values are those that the guards let through.

Memory is bounded by the caps of the labels: an hour holds 12 bytes for each label set that grew in it. With the caps as
they come (24 content types, 16 checkpoints, 48 exit reasons) these are at most 1,692, and 168 hours of them 3.4 MB;
four content types make some 100, and 0.2 MB.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exporter.counting.figures import SPLIT, Sums, sums_of
from exporter.counting.snapshot import KeptHours
from monitoring.domains.series import family_of
from pipeline.metrics.registry import Metrics

HOUR = 3600
HOURS_KEPT = 7 * 24  # of those in which something was counted
Grown = tuple[str, tuple[str, ...]]  # a series and its values of the labels in SPLIT


class _Hour:
    """What grew in one hour: which (numbers of label sets) and by how much."""

    __slots__ = ("_amounts", "_numbers")

    def __init__(self, numbers: Iterable[int], amounts: Iterable[float]) -> None:
        self._numbers = array("I", numbers)
        self._amounts = array("d", amounts)

    def read(self, sets: Sequence[Grown]) -> dict[Grown, float]:
        """Return what grew, given all label sets by their numbers."""
        return {sets[number]: amount for number, amount in zip(self._numbers, self._amounts, strict=True)}


class Hours:
    """The last hours, each with what was counted in it. `turn` before anything is counted; readers from any thread.

    `known_from`: Unix time before which hours have been forgotten, or were never kept; None: none have.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = threading.Lock()
        self._sets: dict[Grown, int] = {}
        self._kept: dict[int, _Hour] = {}
        self._now: int | None = None  # the hour that is being counted in
        self._before = sums_of(metrics)  # what the sums stood at when it began
        self.known_from: float | None = None

    def turn(self, at: float) -> None:
        """Begin the hour of `at` (Unix seconds) unless it has begun."""
        hour = int(at // HOUR) * HOUR
        if hour != self._now:
            with self._lock:
                self._close()
                self._now = hour
                if self.known_from is not None and at < self.known_from and not self._kept:
                    self.known_from = at  # what the journal holds beside a snapshot that knew no hours

    def window(self, first: float) -> Sums:
        """Return what was counted in the hours that end after `first` (Unix seconds), that of `first` included."""
        found: dict[Grown, float] = {}
        for _, grown in self._since(first):
            _add(found, grown.items())
        return _nested(found)

    def each(self, first: float) -> list[tuple[int, Sums]]:
        """Return start and sums of each of these hours in which something was counted, oldest first."""
        return [(start, _nested(grown)) for start, grown in self._since(first)]

    def written(self) -> KeptHours:
        """Return all hours for a snapshot."""
        found = self._since(0.0)
        numbers: dict[Grown, int] = {}
        rows = [
            (start, [numbers.setdefault(g, len(numbers)) for g in grown], [*grown.values()]) for start, grown in found
        ]
        return KeptHours([(series, SPLIT[series], labels) for series, labels in numbers], rows, self.known_from)

    def restore(self, kept: KeptHours | None, now: float) -> None:
        """Put back what `written` gave, once the metrics have been; label values go through today's guards.

        None, or hours of a version that split otherwise: they are known from `now` (Unix seconds) on.
        """
        with self._lock:
            self._sets, self._kept, self._now = {}, {}, None
            self._before = sums_of(self._metrics)
            if kept is None or any(SPLIT.get(series) != names for series, names, _ in kept.sets):
                self.known_from = now
                return
            self.known_from = kept.known_from
            sets = [(series, self._guarded(series, labels)) for series, _, labels in kept.sets]
            for start, numbers, amounts in kept.hours:
                self._keep(start, ((sets[number], amount) for number, amount in zip(numbers, amounts, strict=True)))

    def reset(self) -> None:
        """Forget everything, once the metrics have been set to zero."""
        self.restore(KeptHours(), 0.0)

    def _since(self, first: float) -> list[tuple[int, dict[Grown, float]]]:
        with self._lock:
            sets = list(self._sets)
            found = {start: hour.read(sets) for start, hour in self._kept.items() if start + HOUR > first}
            if self._now is not None and self._now + HOUR > first:
                _add(found.setdefault(self._now, {}), _growth(sums_of(self._metrics), self._before))
        return sorted((start, grown) for start, grown in found.items() if grown)

    def _close(self) -> None:
        """Keep what grew in the hour that was counted in."""
        if self._now is not None:
            sums = sums_of(self._metrics)
            self._keep(self._now, _growth(sums, self._before))
            self._before = sums

    def _keep(self, start: int, grown: Iterable[tuple[Grown, float]]) -> None:
        """Keep an hour, or more of one that is kept already; forget the oldest beyond those that there is room for."""
        hour = self._kept.get(start)
        rows = hour.read(list(self._sets)) if hour else {}
        _add(rows, grown)
        if rows:
            numbers = [self._sets.setdefault(one, len(self._sets)) for one in rows]
            self._kept[start] = _Hour(numbers, rows.values())
        for old in sorted(self._kept)[:-HOURS_KEPT]:
            del self._kept[old]
            self.known_from = max(self.known_from or 0.0, float(old + HOUR))

    def _guarded(self, series: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        family = family_of(series)[0]
        pairs = zip(SPLIT[series], labels, strict=True)
        return tuple(self._metrics.guard(family, name)(value) for name, value in pairs)


def _add(found: dict[Grown, float], grown: Iterable[tuple[Grown, float]]) -> None:
    for one, amount in grown:
        found[one] = found.get(one, 0.0) + amount


def _nested(grown: Mapping[Grown, float]) -> Sums:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for (series, labels), amount in grown.items():
        found.setdefault(series, {})[labels] = amount
    return found


def _growth(sums: Sums, before: Sums) -> Iterator[tuple[Grown, float]]:
    for series, rows in sums.items():
        stood: Mapping[tuple[str, ...], float] = before.get(series, {})
        for labels, value in rows.items():
            amount = value - stood.get(labels, 0.0)
            if amount:
                yield (series, labels), amount
