"""Keeps the counters across restarts: puts back what the journal holds, and compacts it into a snapshot in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from exporter.counting.counters import Counters
from exporter.counting.snapshot import Snapshot, capture
from exporter.journal.entries import Entry, Mending, decode_entry
from exporter.journal.errors import JournalError
from exporter.journal.gate import Gate
from pipeline.domains.exporter.families import COMPACTION_DURATION

_log = structlog.get_logger("exporter.keeper")
COMPACT_AT_BYTES = 64 * 1024 * 1024  # of write-ahead log since the last snapshot


class PushState(Protocol):
    """What holds pushed groups, as far as the keeper needs to know."""

    def dump(self) -> bytes:
        """Return all groups as bytes."""

    def load(self, state: bytes) -> None:
        """Put back what `dump` gave."""

    def replay(self, body: bytes, at: float) -> None:
        """Do again what a journaled push did."""


class Keeper:
    """Restores an exporter's state from its journal and compacts the journal."""

    def __init__(
        self,
        counters: Counters,
        gate: Gate,
        pushes: PushState,
        *,
        compact_at_bytes: int = COMPACT_AT_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._counters = counters
        self._gate = gate
        self._pushes = pushes
        self._compact_at = compact_at_bytes
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._compacting = False
        self.snapshots = 0
        self._duration = counters.metrics.family(COMPACTION_DURATION)
        gate.after_commit = self.compact_if_due
        gate.everything = self.everything

    def restore(self) -> int:
        """Put back snapshot and entries; return how many entries there were. Raises JournalError."""
        journal = self._gate.journal
        body = journal.snapshot()
        if body is not None:
            self._restore_snapshot(body)
        count = 0
        for entry in journal.entries():
            self._replay(entry)
            count += 1
        return count

    def _restore_snapshot(self, body: bytes) -> None:
        try:
            snapshot = msgspec.msgpack.decode(body, type=Snapshot)
        except msgspec.DecodeError as error:
            raise JournalError(f"the journal's snapshot cannot be read: {error}") from error
        self._counters.restore(snapshot)
        self._pushes.load(snapshot.pushed)

    def _replay(self, entry: Entry) -> None:
        """Do again what the journal kept. Records that cannot be read are lost: reported and counted."""
        if entry.kind == "push":
            self._pushes.replay(entry.body, entry.at)
            return
        if entry.kind == "mended":
            self._counters.lose(msgspec.json.decode(entry.body, type=Mending).lost_records)
            return
        events, unread = decode_entry(entry.kind, entry.body)
        self._counters.apply(events, entry.at)
        if unread:
            _log.error("records of the journal cannot be read", records=unread, kind=entry.kind, at=entry.at)
            self._counters.lose(unread)

    def compact_if_due(self) -> None:
        """Start to compact when the journal has grown enough (called in the event loop after each commit)."""
        if self._gate.journal.log_bytes() >= self._compact_at and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self.compact())

    async def compact(self) -> None:
        """Replace the journal's entries by a snapshot. Records that arrive meanwhile wait, nothing else does."""
        if self._compacting:
            return
        self._compacting = True
        try:
            await asyncio.to_thread(self._gate.journal.checkpoint)  # most of the disk's work, while records still flow
            self._gate.pause()
            started = time.perf_counter()
            pieces = []
            for piece in capture(self._counters.metrics):
                pieces.append(piece)
                await asyncio.sleep(0)
            await asyncio.to_thread(lambda: self._write(self._encoded(pieces)))
            self._duration.observe(time.perf_counter() - started)
        except JournalError as error:
            with self._gate.lock:
                self._gate.failed(error)
        finally:
            self._compacting = False
            self._gate.open()

    def compact_now(self) -> None:
        """Do the same without an event loop, at the end of a process; a journal that is lost gets a successor."""
        with self._gate.lock:
            try:
                self._write(self.everything())
            except JournalError as error:
                self._gate.failed(error)

    def reset(self) -> None:
        """Set everything that the journal keeps to zero, and empty the journal."""
        with self._gate.lock:
            self._gate.journal.clear()
            self._counters.reset()
            self._pushes.load(b"")

    def everything(self) -> bytes:
        """Return a snapshot's body; whoever calls holds the gate's lock."""
        return self._encoded(list(capture(self._counters.metrics)))

    def _encoded(self, families: list[msgspec.Raw]) -> bytes:
        return msgspec.msgpack.encode(self._counters.snapshot(families, self._pushes.dump()))

    def _write(self, body: bytes) -> None:
        self._gate.journal.compact(body, self._clock())
        self.snapshots += 1
