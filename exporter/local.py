"""The pipeline and the exporter in one process: events go straight to the journal and the counters, no HTTP."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import structlog

from exporter.exporter import Exporter
from exporter.journal.entries import encode_events
from exporter.journal.errors import JournalError
from pipeline.configuration.config import Config
from pipeline.domains.catalogue import event_types
from pipeline.domains.content.families import ITEMS_IN_PROGRESS, LAST_ITEM_TIMESTAMP
from pipeline.domains.event import DomainEvent
from pipeline.domains.exporter.families import REJECTED_RECORDS
from pipeline.events import validate
from pipeline.recording.recorder import Recorder
from pipeline.recording.savings import CostModel

_log = structlog.get_logger("exporter.local")
FLUSH_SECONDS = 0.1
MAX_WAITING = 100_000  # events; beyond it the newest are dropped and counted


class LocalRecorder(Recorder):
    """Hands events to an exporter of this process; from any thread, without waiting for the disk.

    Events are journaled and counted within a tenth of a second, before any scrape, and at the latest by `close`.
    The liveness gauges are set at once and never journaled.
    """

    def __init__(
        self,
        exporter: Exporter,
        config: Config | None = None,
        costs: CostModel | None = None,
        *,
        flush_seconds: float = FLUSH_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(config, costs)
        self._acceptor = exporter.acceptor
        self._gate = exporter.gate
        self._clock = clock
        self._waiting: deque[DomainEvent] = deque()
        metrics = exporter.metrics
        self._in_progress = metrics.family(ITEMS_IN_PROGRESS)
        self._last_item = metrics.family(LAST_ITEM_TIMESTAMP)
        self._rejected = metrics.series(REJECTED_RECORDS)
        self._flushing = threading.Lock()
        self._closed = threading.Event()
        self._told_late = False
        exporter.before_scrape.append(self.flush)
        metrics.apply(self.config.activated())  # gauges of this process's configuration; nothing to count
        self._interval = flush_seconds
        self._thread = threading.Thread(target=self._run, name="pipemeter-local-recorder", daemon=True)
        self._thread.start()

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Take the events; one that is not valid, or finds no room, is counted as rejected."""
        for event in events:
            if len(self._waiting) >= MAX_WAITING:
                self._rejected("busy").inc()
                continue
            try:
                self._waiting.append(_checked(event))
            except Exception as error:  # noqa: BLE001 - the recorder's edge: nothing may reach the caller
                self._rejected("invalid").inc()
                _log.warning("event refused", error=str(error), event_type=type(event).__name__)
        if self._closed.is_set():
            self._late()

    def item_started(self) -> None:
        """Raise the number of items in progress."""
        self._in_progress.inc()

    def item_ended(self) -> None:
        """Lower the number of items in progress and note the time."""
        self._in_progress.dec()
        self._last_item.set(self._clock())

    def flush(self) -> bool:
        """Hand over what waits; False when it has to wait longer: a snapshot is made, or the journal cannot be written.

        Once `close` has been called nothing waits any longer: what the journal does not take then is counted as lost.
        """
        with self._flushing:
            events = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not events:
                return True
            try:
                if self._acceptor.accept(events):
                    return True
            except JournalError as error:
                if self._closed.is_set() and self._gate.failing is not None:  # else a new one has just been begun
                    self._rejected("storage").inc(len(events))
                    _log.error("events lost, the journal cannot be written", events=len(events), error=str(error))
                    return True
            self._waiting.extendleft(reversed(events))
            return False

    def close(self) -> None:
        """Hand over everything and stop. Call it before the exporter is closed."""
        self._closed.set()
        self._thread.join()
        while not self.flush():
            self._closed.wait(0.01)

    def _late(self) -> None:
        """Hand over at once what came after `close`: no thread does it any more."""
        if not self._told_late:
            self._told_late = True
            _log.warning("recorded after close; close a recorder once nothing records any more")
        self.flush()

    def _run(self) -> None:
        while not self._closed.wait(self._interval):
            self.flush()


def _checked(event: DomainEvent) -> DomainEvent:
    """Return an event that is valid and can be journaled: another would spoil its whole group later."""
    if type(event) not in event_types():
        raise TypeError("not an event")
    encode_events((validate(event),))
    return event
