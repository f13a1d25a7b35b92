"""The way through the journal: one at a time writes and counts, and nobody while a snapshot is made."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from exporter.errors import ApiError, busy
from exporter.journal.entries import Entry
from exporter.journal.journal import AnyJournal, JournalError

_log = structlog.get_logger("exporter.journal")


class Gate:
    """Holds the journal and its lock, and knows whether it could be written last time.

    `errors` is the counter of failures. `after_commit` is called in the event loop after each group that was kept,
    `when_opened` after each snapshot.
    """

    def __init__(self, journal: AnyJournal, errors: Any, clock: Callable[[], float] = time.time) -> None:
        self.journal = journal
        self.lock = threading.Lock()  # held while a group is journaled and counted
        self.paused = False  # while a snapshot is made, nothing is counted
        self.failing: str | None = None  # why the journal could not be written last time
        self.after_commit: Callable[[], None] = _nothing
        self.when_opened: Callable[[], None] = _nothing
        self._errors = errors
        self._clock = clock

    def pause(self) -> None:
        """Let nothing through from now on; what is under way is finished first."""
        with self.lock:
            self.paused = True

    def open(self) -> None:
        """Let everything through again."""
        self.paused = False
        self.when_opened()

    def failed(self, error: JournalError) -> ApiError:
        """Note that the journal could not be written; return what senders are told."""
        self.failing = str(error)
        self._errors.inc()
        _log.error("the journal cannot be written", error=str(error))
        return busy(f"the journal cannot be written: {error}", "storage")

    async def store(self, make: Callable[[float], Entry], apply: Callable[[Entry], None]) -> None:
        """Journal one entry and apply it, in order with all else. Raises ApiError 503.

        `make` is given the time and may refuse by raising ApiError; it runs under the same lock as `apply`.
        """
        while self.paused:
            await asyncio.sleep(0.005)
        if self.journal.waits_for_disk:
            await asyncio.to_thread(self._store, make, apply)
        else:
            self._store(make, apply)
        self.after_commit()

    def _store(self, make: Callable[[float], Entry], apply: Callable[[Entry], None]) -> None:
        with self.lock:
            entry = make(self._clock())
            try:
                self.journal.append([entry])
            except JournalError as error:
                raise self.failed(error) from error
            self.failing = None
            apply(entry)


def _nothing() -> None:
    """Do nothing."""
