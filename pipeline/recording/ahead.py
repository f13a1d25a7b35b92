"""Events written to the spool before `record` returns: what is on disk survives this process, however it ends.

Not a power loss: the disk is not waited for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from pipeline.recording.spool import Segment, Spool

HELD_SEGMENTS = 20  # that wait to be sent and are kept for this process; older ones are anybody's
LONGEST_SECONDS = 3600.0  # that a segment is written to: its age counts from its beginning
_AFTER_REFUSAL = 1.0  # s before a disk that refused a new file is asked for one again
_MOST_BYTES = 4 * 1024 * 1024  # of a segment; an exporter takes 16 MiB


class Ahead:
    """Segments of the spool: one that is written to, and those that wait to be sent. For several threads at once."""

    def __init__(self, spool: Spool, batch_events: int, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._batch_events = batch_events
        self._clock = clock
        self._lock = threading.RLock()  # a signal handler may record in the middle of recording
        self._open: Segment | None = None
        self._began = 0.0
        self._refused_until = float("-inf")
        self._sealed: deque[Segment] = deque()

    @property
    def waiting(self) -> int:
        """How many events are in no segment that is sealed."""
        segment = self._open
        return segment.count if segment else 0

    @property
    def count(self) -> int:
        """How many events wait to be sent by this process."""
        with self._lock:
            return self.waiting + sum(segment.count for segment in self._sealed)

    def append(self, events: Sequence[bytes]) -> int:
        """Keep events, each JSON without a line end; return how many of them, fewer when the disk takes no more."""
        for first in range(0, len(events), self._batch_events):
            chunk = events[first : first + self._batch_events]
            if not self._append(b"".join(b"%b\n" % event for event in chunk), len(chunk)):
                return first
        return len(events)

    def next(self) -> Segment | None:
        """Return the oldest segment to send, which is written to no longer; None when there is nothing to send."""
        with self._lock:
            if not self._sealed and self.waiting:
                self._seal()
            return self._sealed.popleft() if self._sealed else None

    def release(self) -> None:
        """Leave everything to whoever comes next: another process, or this one when it looks into the spool."""
        with self._lock:
            if self._open is not None:
                self._seal()
            while self._sealed:
                self._sealed.popleft().release()

    def release_sealed(self) -> None:
        """Leave to whoever comes next what is written to no longer."""
        with self._lock:
            while self._sealed:
                self._sealed.popleft().release()

    def abandon(self) -> None:
        """Close in a forked child what is the parent's. The parent's locks stay: they are on the same open files."""
        for segment in (self._open, *self._sealed):
            if segment is not None:
                segment.release()

    def _append(self, data: bytes, count: int) -> bool:
        with self._lock:
            segment = self._segment()
            if segment is None or not segment.write(data, count):
                return False
            if segment.count >= self._batch_events or segment.size >= _MOST_BYTES:
                self._seal()
        return True

    def _segment(self) -> Segment | None:
        if self._open is not None and self._clock() - self._began > LONGEST_SECONDS:
            self._seal()
        if self._open is None and self._clock() >= self._refused_until:
            begun = self._spool.begin(self._clock())
            if begun is None:
                self._refused_until = self._clock() + _AFTER_REFUSAL
            if self._open is None:  # as a rule; a signal handler may have been quicker
                self._open, self._began = begun, self._clock()
            elif begun is not None:
                begun.remove()
        return self._open

    def _seal(self) -> None:
        assert self._open is not None
        self._sealed.append(self._open)
        self._open = None
        while len(self._sealed) > HELD_SEGMENTS:
            self._sealed.popleft().release()
