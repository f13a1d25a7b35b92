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
from exporter.journal.errors import JournalError, JournalLostError
from exporter.journal.journal import AnyJournal, Journal

_log = structlog.get_logger("exporter.journal")
TELL_SECONDS = 60.0  # one line says what is wrong, however often it is met
BEGIN_SECONDS = 1.0  # between two tries to begin a new journal
BEGIN_AT_MOST = 5  # new journals in a minute


class Gate:
    """Holds the journal and its lock, and knows whether it could be written last time.

    A journal that is lost is begun anew with what is in memory: `everything` gives it. `errors` is the counter of
    failures. `after_commit` is called in the event loop after each group that was kept, `when_opened` after each
    snapshot.
    """

    def __init__(
        self,
        journal: AnyJournal,
        errors: Any,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.journal = journal
        self.lock = threading.Lock()  # held while a group is journaled and counted
        self.paused = False  # while a snapshot is made, nothing is counted
        self.failing: str | None = None  # why the journal could not be written last time
        self.everything: Callable[[], bytes] | None = None
        self.after_commit: Callable[[], None] = _nothing
        self.when_opened: Callable[[], None] = _nothing
        self._errors = errors
        self._clock = clock
        self._timer = timer
        self._told_at: float | None = None
        self._untold = 0
        self._tried_at: float | None = None  # when a new journal could not be begun
        self._begun: list[float] = []  # when one could

    def pause(self) -> None:
        """Let nothing through from now on; what is under way is finished first."""
        with self.lock:
            self.paused = True

    def open(self) -> None:
        """Let everything through again."""
        self.paused = False
        self.when_opened()

    def kept(self) -> None:
        """Note that something was written; whoever calls holds the lock."""
        if self.failing is not None:
            _log.warning("the journal can be written again", refused=self._untold)
            self.failing, self._told_at, self._untold = None, None, 0

    def failed(self, error: JournalError) -> ApiError:
        """Note that the journal could not be written; return what senders are told. Whoever calls holds the lock.

        What is lost is begun anew here, so that the next group may be kept.
        """
        self._errors.inc()
        if not isinstance(error, JournalLostError):
            self.failing = str(error)
        elif self._may_begin():
            self.failing = str(error)
            self._begin_anew(error)
        else:
            self.failing = self.failing or str(error)  # why no new one can be begun was said before
        if self.failing is not None:
            self._tell(self.failing)
        return busy(f"the journal cannot be written: {error}", "storage")

    def look(self) -> str | None:
        """Return what is wrong with the journal, None if nothing is. One that is lost is begun anew if possible."""
        trouble = self.journal.trouble()
        if trouble is not None and not self.paused and self.lock.acquire(blocking=False):
            try:
                self.failed(JournalLostError(f"journal {self.journal.path}: {trouble}"))
            finally:
                self.lock.release()
        return self.failing

    def _may_begin(self) -> bool:
        """Tell whether it is time for a new journal: a file that is lost again and again would fill the disk."""
        now = self._timer()
        self._begun = [at for at in self._begun if now - at < TELL_SECONDS]
        return len(self._begun) < BEGIN_AT_MOST and (self._tried_at is None or now - self._tried_at >= BEGIN_SECONDS)

    def _begin_anew(self, error: JournalLostError) -> None:
        if self.everything is None or not isinstance(self.journal, Journal):
            return
        try:
            kept_as, keys = self.journal.begin_anew(self.everything(), self._clock())
        except JournalLostError as cause:
            self.failing, self._tried_at = str(cause), self._timer()
            return
        reason = str(error)
        _log.warning(
            "a new journal was begun with all that was counted", reason=reason, kept_as=kept_as, keys_lost=keys
        )
        self._begun.append(self._timer())
        self.failing, self._told_at, self._untold, self._tried_at = None, None, 0, None

    def _tell(self, error: str) -> None:
        """Log an error, once a minute at most."""
        now = self._timer()
        if self._told_at is not None and now - self._told_at < TELL_SECONDS:
            self._untold += 1
            return
        _log.error("the journal cannot be written", error=error, refused_meanwhile=self._untold)
        self._told_at, self._untold = now, 0

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
            self.kept()
            apply(entry)


def _nothing() -> None:
    """Do nothing."""
