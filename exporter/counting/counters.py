"""What was counted, and what a restart needs to go on from there: metrics, hours, the configurations in force."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from exporter.counting.hours import Hours
from exporter.counting.snapshot import Snapshot, cells_of, children_of, kept_names, restore
from pipeline.domains.content.bulk import BulkApplier
from pipeline.domains.event import DomainEvent
from pipeline.domains.exporter.families import JOURNAL_LOST_RECORDS, RECORDS
from pipeline.events import ConfigActivated
from pipeline.metrics.registry import Metrics

MAX_CONFIGS = 64  # versions of the configuration whose last activation is remembered


class Counters:
    """Counts events, whether they have just arrived or come back from the journal. Whoever calls holds the gate's lock.

    `since`: Unix time of the first record ever counted, None before it.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self.metrics = metrics
        self.hours = Hours(metrics)
        self.since: float | None = None
        self._configs: dict[str | None, ConfigActivated] = {}
        self._clock = clock
        self._bulk = BulkApplier(metrics, clock)
        self._records = metrics.family(RECORDS)
        self._lost = metrics.family(JOURNAL_LOST_RECORDS)

    def apply(self, events: Sequence[DomainEvent], at: float) -> None:
        """Count events that were accepted at that Unix time."""
        if not events:
            return
        self.hours.turn(at)
        self._bulk.apply(events)
        self._records.inc(len(events))
        self.since = at if self.since is None else self.since
        for event in events:
            if type(event) is ConfigActivated:
                self._remember(event)

    def lose(self, records: int) -> None:
        """Count records that the journal had and can no longer give back."""
        self._lost.inc(records)

    def _remember(self, event: ConfigActivated) -> None:
        self._configs.pop(event.config_version, None)
        self._configs[event.config_version] = event
        while len(self._configs) > MAX_CONFIGS:
            del self._configs[next(iter(self._configs))]

    def snapshot(self, families: list[msgspec.Raw], pushed: bytes) -> Snapshot:
        """Return everything as one value, given what `capture` read off the metrics and what was pushed."""
        return Snapshot(families, list(self._configs.values()), pushed, self.since, self.hours.written())

    def restore(self, snapshot: Snapshot) -> None:
        """Put back what `snapshot` gave. Gauges of the configuration come back by activating it again."""
        restore(self.metrics, snapshot.families)
        self.hours.restore(snapshot.figures, self._clock())
        self.since = snapshot.since
        self.metrics.apply_many(snapshot.configs)
        self._configs = {config.config_version: config for config in snapshot.configs}

    def reset(self) -> None:
        """Set everything that a snapshot holds to zero."""
        for name in kept_names(self.metrics):
            for _, child in children_of(self.metrics.family(name)):
                for cell in cells_of(child):
                    cell.set(0)
        self.hours.reset()
        self.since = None
