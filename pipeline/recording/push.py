"""Events to an exporter elsewhere: at once for the caller, exactly once for the counters.

`record` only puts the event into a bounded buffer. A thread makes batches of what is there, by size and by time, and
posts each under a key of its own, again and again with growing, jittered pauses, until it is acknowledged. When the
exporter stays away, batches go to a spool on disk, from where this process, or the next one, delivers them. What had
to be dropped is counted by reason.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pipeline.domains.event import DomainEvent
from pipeline.logger import Logger
from pipeline.recording.outbox import DropReason, Outbox
from pipeline.recording.recorder import Recorder
from pipeline.recording.savings import CostModel
from pipeline.recording.spool import MAX_BYTES, Spool
from pipeline.state import state_dir

if TYPE_CHECKING:
    import httpx

    from pipeline.configuration.config import Config
    from pipeline.recording.delivery import Answer, Delivery

_log = Logger("pipeline.push")
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds between attempts


class PushSettings(msgspec.Struct, frozen=True):
    """How much is buffered, how it is batched, how long things may take (seconds)."""

    buffer_events: int = 50_000
    batch_events: int = 1_000
    batch_seconds: float = 0.5
    timeout_seconds: float = 5.0
    patience_seconds: float = 5.0  # away for longer than this, batches go to disk
    close_seconds: float = 5.0  # what `close` may take for a last delivery before the rest goes to disk
    spool_bytes: int = MAX_BYTES


class PushRecorder(Recorder):
    """Pushes events to the exporter at `url`; `async with`, or `with` in threads and plain programs.

    `record` returns at once and never raises. `spool` is the folder for undelivered batches (None: `spool` in the
    state folder; False: none). `dropped` says how many events were lost, by reason; `delivered` how many arrived.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        spool: str | os.PathLike[str] | Literal[False] | None = None,
        config: Config | None = None,
        costs: CostModel | None = None,
        settings: PushSettings | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(config, costs)
        self._settings = settings or PushSettings()
        self._url, self._token, self._transport = url, token, transport
        folder = state_dir() / "spool" if spool is None else spool
        self._spool = None if folder is False else Spool(Path(folder), url, max_bytes=self._settings.spool_bytes)
        self._clock, self._timer, self._rng = clock, timer, rng or random.Random()  # noqa: S311 - jitter
        self.delivered = 0
        self.dropped: Counter[DropReason] = Counter()
        self._reset()
        _forget_after_fork(self)

    def _reset(self) -> None:
        self._buffer: deque[DomainEvent] = deque()
        self._outbox = Outbox(self._spool, self._settings.batch_events, self._clock, self._drop)
        self._wake = threading.Event()
        self._round_done = threading.Condition()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._deadline = float("inf")
        self._failures = 0
        self._away_since: float | None = None
        self._next_attempt = 0.0

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Take several events. Returns at once and never raises; what finds no room is dropped and counted."""
        buffer, room = self._buffer, self._settings.buffer_events
        for event in events:
            if len(buffer) >= room:
                self.dropped["buffer_full"] += 1
            else:
                buffer.append(event)
        if len(buffer) >= self._settings.batch_events:
            self._wake.set()
        if self._thread is None:
            self._start()

    @property
    def pending(self) -> int:
        """How many events wait in memory."""
        return len(self._buffer) + self._outbox.count

    def flush(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until everything recorded so far has been delivered or spooled; False when that took too long."""
        self._start()
        until = self._timer() + timeout_seconds
        with self._round_done:
            while self.pending and self._timer() < until and not self._closing:
                self._wake.set()
                self._round_done.wait(0.05)
        return not self.pending

    def close(self) -> None:
        """Deliver what is there, within a few seconds; the rest goes to the spool. May be called more than once."""
        if self._closing or (self._thread is None and not self._buffer):
            self._closing = True
            return
        self._deadline = self._timer() + self._settings.close_seconds
        self._next_attempt = 0.0  # one more attempt, whatever pause was meant
        self._closing = True
        self._start()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(self._settings.close_seconds + self._settings.timeout_seconds + 1)

    async def __aenter__(self) -> PushRecorder:
        self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        import asyncio  # there already, where this is awaited

        await asyncio.to_thread(self.close)

    def __enter__(self) -> PushRecorder:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="pipemeter-push", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down
                return
            self._thread = thread

    def _run(self) -> None:
        delivery = self._new_delivery()
        while not self._round(delivery):
            self._wake.wait(self._pause())
            self._wake.clear()
        self._outbox.put_away()
        delivery.close()

    def _new_delivery(self) -> Delivery:
        from pipeline.recording.delivery import Delivery  # what speaks HTTP takes longest to load

        timeout = self._settings.timeout_seconds
        return Delivery(self._url, self._token, timeout_seconds=timeout, transport=self._transport)

    def _round(self, delivery: Delivery) -> bool:
        """Batch and deliver what is there; True when this was the last round."""
        last = self._closing
        try:
            self._outbox.fill(self._buffer, everything=last)
            self._deliver(delivery)
        except Exception:  # noqa: BLE001 - logged with its traceback
            # a thread's edge: whatever went wrong, the next round gets its chance
            _log.exception("a round of delivering metrics failed")
        with self._round_done:
            self._round_done.notify_all()
        gone = self._away_since is not None and self._outbox.has_spool
        return last and (not self.pending or gone or self._timer() >= self._deadline)

    def _pause(self) -> float:
        """Return how long to wait for more events, or for the next attempt."""
        if self._closing:
            return 0.02
        return 0.0 if len(self._buffer) >= self._settings.batch_events else self._settings.batch_seconds

    def _deliver(self, delivery: Delivery) -> None:
        """Deliver until nothing is left or the exporter does not answer."""
        while self._timer() >= self._next_attempt:
            batch = self._outbox.next(spooled_too=self._timer() < self._deadline)
            if batch is None:
                return
            answer = delivery.send(batch)
            if answer.verdict == "away":
                self._went_away(answer)
                break
            self._came_back()
            if answer.verdict == "delivered":
                self.delivered += batch.count
                self._outbox.remove(batch)
            else:
                self._outbox.split(batch, answer.reason)
            if len(self._buffer) >= self._settings.batch_events:
                self._outbox.fill(self._buffer, everything=False)
        if self._is_away_for_long():
            self._outbox.put_away()

    def _is_away_for_long(self) -> bool:
        if self._away_since is None or not self._outbox.has_spool:
            return False
        return self._outbox.full or self._timer() - self._away_since >= self._settings.patience_seconds

    def _went_away(self, answer: Answer) -> None:
        now = self._timer()
        if self._away_since is None:
            self._away_since = now
            _log.warning("the exporter does not answer; events wait", reason=answer.reason, waiting=self.pending)
        ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures)
        pause = ceiling * self._rng.uniform(0.5, 1.0)  # senders that failed together should not come back together
        self._failures = min(self._failures + 1, 20)
        self._next_attempt = now + max(pause, answer.retry_after or 0.0)

    def _came_back(self) -> None:
        if self._away_since is not None:
            _log.info("the exporter answers again", away_seconds=round(self._timer() - self._away_since, 1))
        self._away_since, self._failures, self._next_attempt = None, 0, 0.0

    def _drop(self, reason: DropReason, count: int, why: str) -> None:
        self.dropped[reason] += count
        _log.warning("events dropped", reason=reason, events=count, why=why)


def _forget_after_fork(recorder: PushRecorder) -> None:
    """Make a forked child start empty: it has the buffer but not the thread, and the parent delivers what is in it."""
    reference = weakref.ref(recorder)

    def forget() -> None:
        mine = reference()
        if mine is not None:
            mine._reset()

    os.register_at_fork(after_in_child=forget)
