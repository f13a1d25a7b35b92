"""The one way in: journal first, then count, then say so. Groups whatever arrives together into one transaction.

All requests that are there when the event loop comes round share one commit. With `sync="full"` the commit waits for
the disk in a thread, and what arrives meanwhile makes the next group. Queues are bounded; beyond them a sender is told
to come back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import msgspec
import structlog

from exporter.counting.counters import Counters
from exporter.errors import ApiError, busy
from exporter.intake.decoding import Submission
from exporter.journal.entries import Entry, encode_events, key_hash, mark_of
from exporter.journal.errors import JournalError
from exporter.journal.gate import Gate
from pipeline.domains.event import DomainEvent
from pipeline.domains.exporter.families import COMMIT_DURATION, DUPLICATE_RECORDS

_log = structlog.get_logger("exporter.intake")


class Limits(msgspec.Struct, frozen=True):
    """How much may wait for its commit at once; beyond it senders get 503."""

    requests: int = 5000
    size_bytes: int = 64 * 1024 * 1024


class Outcome(msgspec.Struct, frozen=True):
    """What became of a submission."""

    duplicate: bool
    count: int


class _Waiting:
    """A submission on its way, and the future that its sender waits for."""

    __slots__ = ("future", "key", "mark", "submission")

    def __init__(self, submission: Submission, key: str | None, future: asyncio.Future[Outcome]) -> None:
        self.submission = submission
        self.key = key_hash(key) if key else b""
        self.mark = mark_of(self.key, submission.events) if key else b""
        self.future = future


class Acceptor:
    """Takes events in, for requests (`submit`) and for this process's own pipeline (`accept`)."""

    def __init__(
        self,
        counters: Counters,
        gate: Gate,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._counters = counters
        self._gate = gate
        self._journal = gate.journal
        self._limits = limits or Limits()
        self._clock = clock
        self._pending: list[_Waiting] = []
        self._pending_bytes = 0
        self._scheduled = False
        self._task: asyncio.Task[None] | None = None
        gate.when_opened = self.schedule
        self._duplicates = counters.metrics.family(DUPLICATE_RECORDS)
        self._duration = counters.metrics.family(COMMIT_DURATION)

    @property
    def pending(self) -> int:
        """How many requests wait for their commit."""
        return len(self._pending)

    async def submit(self, submission: Submission, key: str | None = None) -> Outcome:
        """Take a submission in; returns once it is kept and counted.

        Raises ApiError 503 when that is not possible, 422 for a key that came before with other content.
        """
        size = len(submission.body)
        if len(self._pending) >= self._limits.requests or self._pending_bytes + size > self._limits.size_bytes:
            raise busy("too much is waiting already; try again")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._pending.append(_Waiting(submission, key, future))
        self._pending_bytes += size
        self.schedule()
        return await future

    def accept(self, events: Sequence[DomainEvent]) -> bool:
        """Take events of this process in, from any thread. False: not now, a snapshot is being made.

        Raises JournalError when they cannot be kept.
        """
        body = encode_events(events)
        with self._gate.lock:
            if self._gate.paused:
                return False
            now = self._clock()
            try:
                self._journal.append([Entry(now, "events", body, len(events))])
            except JournalError as error:
                self._gate.failed(error)
                raise
            self._gate.kept()
            self._counters.apply(events, now)
        return True

    def schedule(self) -> None:
        """See to it that what is pending is committed soon."""
        if self._scheduled or self._gate.paused or not self._pending:
            return
        self._scheduled = True
        loop = asyncio.get_running_loop()
        if self._journal.waits_for_disk:
            self._task = loop.create_task(self._flush_in_thread())
        else:
            loop.call_soon(self._flush)

    def _take(self) -> list[_Waiting]:
        group, self._pending, self._pending_bytes = self._pending, [], 0
        return group

    def _flush(self) -> None:
        self._scheduled = False
        if self._gate.paused:
            return
        group = self._take()
        fresh, duplicates = self._commit(group)
        self._conclude(fresh, duplicates)

    async def _flush_in_thread(self) -> None:
        group = self._take()
        try:
            fresh, duplicates = await asyncio.to_thread(self._commit, group)
        finally:
            self._scheduled = False
            self.schedule()
        self._conclude(fresh, duplicates)

    def _commit(self, group: list[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
        """Journal and apply a group; return what was fresh and what was a repeat. Failures go to the futures."""
        with self._gate.lock, self._duration.time():
            try:
                return self._commit_locked(group)
            except JournalError as error:
                _fail(group, self._gate.failed(error))
            except Exception:  # noqa: BLE001 - logged with its traceback, answered below
                # an edge: whatever went wrong, the senders get an answer and the next group its chance
                _log.exception("a group of records could not be applied")
                _fail(group, ApiError(500, None, "the records could not be counted; see the exporter's log"))
            return [], []

    def _commit_locked(self, group: list[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
        fresh, duplicates, others, marks = self._sort(group)
        for waiting in others:
            _fail((waiting,), _other_content(waiting.submission))
        if fresh:
            now = self._clock()
            self._journal.append(_entries([w.submission for w in fresh], now), marks, now)
            self._gate.kept()
            self._counters.apply([event for w in fresh for event in w.submission.events], now)
        return fresh, duplicates

    def _sort(self, group: list[_Waiting]) -> tuple[list[_Waiting], list[_Waiting], list[_Waiting], list[bytes]]:
        """Return what is fresh, what is a repeat, what has the key of something else, and the marks to keep."""
        fresh: list[_Waiting] = []
        duplicates: list[_Waiting] = []
        others: list[_Waiting] = []
        marks: dict[bytes, bytes] = {}
        for waiting in group:
            if not waiting.key:
                fresh.append(waiting)
                continue
            known = marks.get(waiting.key) or self._journal.seen(waiting.key)
            if known is None:
                marks[waiting.key] = waiting.mark
                fresh.append(waiting)
            else:
                (duplicates if known in (waiting.mark, waiting.key) else others).append(waiting)
        return fresh, duplicates, others, list(marks.values())

    def _conclude(self, fresh: Iterable[_Waiting], duplicates: Iterable[_Waiting]) -> None:
        for waiting in duplicates:
            self._duplicates.inc(len(waiting.submission.events))
            _answer(waiting, Outcome(True, len(waiting.submission.events)))
        for waiting in fresh:
            _answer(waiting, Outcome(False, len(waiting.submission.events)))
        self._gate.after_commit()


def _entries(submissions: Sequence[Submission], now: float) -> list[Entry]:
    """Make journal entries of submissions: neighbours of one event each share an entry."""
    entries: list[Entry] = []
    for (kind, many), group in groupby(submissions, key=lambda s: (s.kind, s.many)):
        if many:
            entries += [Entry(now, kind, submission.body, len(submission.events)) for submission in group]
        else:
            bodies = [submission.body for submission in group]
            entries.append(Entry(now, kind, b"[%b]" % b",".join(bodies), len(bodies)))
    return entries


def _other_content(submission: Submission) -> ApiError:
    """Return the refusal of a request that would be lost, were it taken for the repeat that its key says it is."""
    count = len(submission.events)
    _log.warning("an Idempotency-Key came again with other content: a sender uses keys twice", records=count)
    message = (
        "this Idempotency-Key came before with other content; nothing of this was counted: give it a key of its own"
    )
    return ApiError(422, "key", message, records=count)


def _answer(waiting: _Waiting, outcome: Outcome) -> None:
    if not waiting.future.done():  # done: its sender went away while it waited
        waiting.future.set_result(outcome)


def _fail(group: Iterable[_Waiting], error: ApiError) -> None:
    for waiting in group:
        waiting.future.get_loop().call_soon_threadsafe(_refuse, waiting, error)


def _refuse(waiting: _Waiting, error: ApiError) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(error)
