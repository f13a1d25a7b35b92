"""What waits to be delivered: batches in memory, and behind them a spool on disk. Used by one thread only."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from pipeline.domains.event import DomainEvent
from pipeline.events import validate
from pipeline.recording.spool import Batch, Spool
from pipeline.zstd import compress, decompress

DropReason = Literal["buffer_full", "spool_full", "no_spool", "invalid", "refused", "expired"]
HELD_BATCHES = 20  # in memory while the exporter is away, before they go to the spool


class Outbox:
    """Batches on their way. `drop(reason, count, why)` is told of every event that is given up."""

    def __init__(
        self,
        spool: Spool | None,
        batch_events: int,
        clock: Callable[[], float],
        drop: Callable[[DropReason, int, str], None],
    ) -> None:
        self._spool = spool
        self._batch_events = batch_events
        self._clock = clock
        self._drop = drop
        self._held: deque[Batch] = deque()

    @property
    def full(self) -> bool:
        """Whether memory holds as many batches as it should."""
        return len(self._held) >= HELD_BATCHES

    @property
    def has_spool(self) -> bool:
        """Whether there is a disk to fall back on."""
        return self._spool is not None

    @property
    def count(self) -> int:
        """How many events are held in memory."""
        return sum(batch.count for batch in list(self._held))

    def fill(self, buffer: deque[DomainEvent], *, everything: bool) -> None:
        """Make batches of what has been recorded, as many as memory should hold, or all."""
        while buffer and (everything or not self.full):
            size = min(len(buffer), self._batch_events)
            events = self._valid([buffer.popleft() for _ in range(size)])
            if events:
                self._held.append(self._batch(events))

    def next(self, *, spooled_too: bool) -> Batch | None:
        """Return the batch to send next: fresh ones first, they must not pile up behind old ones."""
        if self._held:
            return self._held[0]
        if self._spool is None or not spooled_too:
            return None
        self._spool.expire(self._clock(), lambda count: self._drop("expired", count, "waited too long in the spool"))
        return self._spool.oldest()

    def remove(self, batch: Batch) -> None:
        """Forget a batch that was answered."""
        if self._held and self._held[0] is batch:
            self._held.popleft()
        elif self._spool is not None:
            self._spool.remove(batch)

    def split(self, batch: Batch, why: str) -> None:
        """Halve a refused batch, so that one bad event does not take the good ones with it."""
        events = msgspec.json.decode(decompress(batch.body))
        self.remove(batch)
        if len(events) == 1:
            self._drop("refused", 1, why)
            return
        middle = len(events) // 2
        self._held.extendleft(self._batch(half) for half in (events[middle:], events[:middle]))

    def put_away(self) -> None:
        """Move what memory holds to the spool, or give it up where there is none."""
        while self._held:
            batch = self._held.popleft()
            if self._spool is None:
                self._drop("no_spool", batch.count, "the exporter is away and there is no spool")
            elif not self._spool.put(batch):
                self._drop("spool_full", batch.count, "the spool takes no more")

    def _batch(self, events: Sequence[Any]) -> Batch:
        body = compress(msgspec.json.encode(events), 1)
        return Batch(uuid.uuid4().hex, self._clock(), len(events), body)

    def _valid(self, events: list[DomainEvent]) -> list[DomainEvent]:
        """Leave out what is not valid: one such event would spoil its whole batch."""
        try:
            _check(events)
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
            return [event for event in events if self._is_valid(event)]
        return events

    def _is_valid(self, event: DomainEvent) -> bool:
        try:
            _check([event])
        except Exception as error:  # noqa: BLE001 - anything may have been passed as an event
            self._drop("invalid", 1, str(error))
            return False
        return True


def _check(events: Sequence[DomainEvent]) -> None:
    """Raise if any of these is no valid event, or cannot be written as JSON."""
    for event in events:
        if not isinstance(event, DomainEvent):
            raise TypeError("not an event")
        validate(event)  # JSON itself would turn a NaN into null
    msgspec.json.encode(events)
