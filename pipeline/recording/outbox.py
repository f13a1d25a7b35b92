"""What waits to be delivered: events as they were recorded, batches in memory, and behind them a spool on disk.

Events come in from any thread (`add`); everything else is for the one thread that delivers.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from pipeline.domains.event import DomainEvent
from pipeline.events import validate
from pipeline.recording.ahead import Ahead
from pipeline.recording.spool import Batch, Claim, Spool
from pipeline.zstd import decompress

DropReason = Literal["buffer_full", "spool_full", "no_spool", "invalid", "refused", "expired"]
Drop = Callable[[DropReason, int, str], None]
HELD_BATCHES = 20  # in memory while the exporter is away, before they go to the spool


class Outbox:
    """Events on their way. `drop(reason, count, why)` is told of every event that is given up.

    With `ahead`, events are on disk before `add` returns; where the disk refuses, they are held in memory as without,
    and `refused` is told the first time.
    """

    def __init__(
        self,
        spool: Spool | None,
        *,
        ahead: bool,
        batch_events: int,
        buffer_events: int,
        clock: Callable[[], float],
        drop: Drop,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._spool = spool
        self._ahead = Ahead(spool, batch_events, clock) if spool is not None and ahead else None
        self._batch_events = batch_events
        self._buffer_events = buffer_events
        self._clock = clock
        self._drop, self._refused, self._was_refused = drop, refused, False
        self._buffer: deque[DomainEvent] = deque()
        self._held: deque[Batch] = deque()
        self._claim: tuple[Claim, Batch] | None = None  # what is being sent from disk
        self._own = 0  # events of that which this process has recorded
        self._between = 0  # events on their way from one of these places to the next

    @property
    def full(self) -> bool:
        """Whether memory holds as many batches as it should."""
        return len(self._held) >= HELD_BATCHES

    @property
    def has_spool(self) -> bool:
        """Whether there is a disk to fall back on."""
        return self._spool is not None

    @property
    def waiting(self) -> int:
        """How many events are in no batch yet."""
        return len(self._buffer) + (self._ahead.waiting if self._ahead else 0)

    @property
    def count(self) -> int:
        """How many events of this process wait to be delivered, those aside that are left to the spool."""
        ahead = self._own + (self._ahead.count if self._ahead else 0)
        return len(self._buffer) + self._between + sum(batch.count for batch in list(self._held)) + ahead

    def add(self, events: Iterable[DomainEvent]) -> None:
        """Take events in. What is not valid, or finds no room, is dropped."""
        if self._ahead is not None:
            valid = [(event, line) for event in events if (line := self._line(event))]
            kept = self._ahead.append([line for _, line in valid])
            events = [event for event, _ in valid[kept:]]
            if events and not self._was_refused:
                self._was_refused = True
                self._refused()
        buffer, room = self._buffer, self._buffer_events
        for event in events:
            if len(buffer) >= room:
                self._drop("buffer_full", 1, "")
            else:
                buffer.append(event)

    def fill(self, *, everything: bool) -> None:
        """Make batches of what has been recorded into memory, as many as that should hold, or all."""
        buffer = self._buffer
        while buffer and (everything or not self.full):
            self._between = min(len(buffer), self._batch_events)
            events = [buffer.popleft() for _ in range(self._between)]
            try:
                lines = self._lines(events)
                if lines:
                    self._held.append(Batch.of(uuid.uuid4().hex, self._clock(), lines))
            except BaseException:  # nothing may be lost between the buffer and its batch
                buffer.extendleft(reversed(events))
                raise
            finally:
                self._between = 0

    def next(self, *, away: bool, disk: bool, others: bool) -> Batch | None:
        """Return the batch to send next: fresh ones first, they must not pile up behind old ones.

        `disk`: also what is written ahead; `others`: and what is in the spool, of whomever. While the exporter is
        `away`, the spool's come first: what is being written ahead is better not cut into pieces.
        """
        if self._held:
            return self._held[0]
        if self._spool is None or not disk:
            return None
        ways = (self._from_spool, self._from_ahead) if away else (self._from_ahead, self._from_spool)
        for take in ways if others else (self._from_ahead,):
            if take(self._spool):
                return self._claim[1] if self._claim else None
        return None

    def remove(self, batch: Batch) -> None:
        """Forget a batch that was answered."""
        if self._held and self._held[0] is batch:
            self._held.popleft()
        elif self._claim is not None:
            self._claim[0].remove()
            self._claim, self._own = None, 0

    def keep(self) -> None:
        """Keep what could not be sent: what came from disk is left there for whoever comes next."""
        if self._claim is not None:
            self._claim[0].release()
            self._claim, self._own = None, 0
        if self._ahead is not None:
            self._ahead.release_sealed()

    def split(self, batch: Batch, why: str) -> None:
        """Halve a refused batch, so that one bad event does not take the good ones with it.

        The halves have keys that follow from the batch's: should this process end before the batch is forgotten, its
        halves are made again by another, and are the same.
        """
        events = [bytes(event) for event in msgspec.json.decode(decompress(batch.body), type=list[msgspec.Raw])]
        if len(events) == 1:
            self.remove(batch)
            self._drop("refused", 1, why)
            return
        middle = len(events) // 2
        halves = [
            Batch.of(hashlib.sha256(f"{batch.key}/{n}".encode()).hexdigest()[:32], batch.since, half)
            for n, half in enumerate((events[:middle], events[middle:]))
        ]
        spooled = self._claim is not None and self._spool is not None
        rest = [half for half in halves if not (spooled and self._spool and self._spool.put(half))]
        self.remove(batch)
        self._held.extendleft(reversed(rest))

    def put_away(self) -> None:
        """Move what memory holds to the spool, or give it up where there is none."""
        while self._held:
            batch = self._held.popleft()
            if self._spool is None:
                self._drop("no_spool", batch.count, "the exporter is away and there is no spool")
            elif not self._spool.put(batch):
                self._drop("spool_full", batch.count, "the spool takes no more")

    def end(self) -> None:
        """Leave everything on disk."""
        self.put_away()
        self.keep()
        if self._ahead is not None:
            self._ahead.release()

    def abandon(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        if self._claim is not None:
            self._claim[0].release()
        if self._ahead is not None:
            self._ahead.abandon()

    def _from_spool(self, spool: Spool) -> bool:
        self._claim = spool.claim(
            self._clock(), lambda count: self._drop("expired", count, "waited too long in the spool")
        )
        return self._claim is not None

    def _from_ahead(self, spool: Spool) -> bool:  # noqa: ARG002 - one of two ways
        if self._ahead is None:
            return False
        self._between = self._ahead.count
        segment = self._ahead.next()
        try:
            batch = segment.read() if segment else None
            if segment is not None and batch is not None:
                self._claim, self._own = (segment, batch), batch.count
            elif segment is not None:  # the disk took none of it
                segment.remove()
        except OSError:
            if segment is not None:
                segment.release()
            return False
        finally:
            self._between = 0
        return batch is not None

    def _lines(self, events: Sequence[DomainEvent]) -> list[bytes]:
        """Return events as JSON, leaving out what is not valid: one such event would spoil its whole batch."""
        return [line for event in events if (line := self._line(event))]

    def _line(self, event: DomainEvent) -> bytes | None:
        try:
            if not isinstance(event, DomainEvent):
                raise TypeError("not an event")
            return msgspec.json.encode(validate(event))  # JSON itself would turn a NaN into null
        except Exception as error:  # noqa: BLE001 - anything may have been passed as an event
            self._drop("invalid", 1, str(error))
            return None
