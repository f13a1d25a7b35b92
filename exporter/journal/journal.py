"""Nothing acknowledged is lost: every accepted record is in this SQLite file before its sender hears "recorded".

One writer, WAL, one transaction per group of requests. After a SIGKILL everything committed is there; with
`sync="full"` also after a power loss (then every commit waits for the disk). Entries are replayed on start, on top of
the last snapshot; a new snapshot replaces the entries before it, so the file stays bounded.

Before and after each commit the files are looked at: whether they are those that were opened, and no shorter. If not,
what was just written is nowhere, its sender hears so, and `begin_anew` begins a new journal with what is in memory.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from exporter.journal.entries import KEY_BYTES, Entry, Kind, Row, checksum
from exporter.journal.errors import JournalDamagedError, JournalError, JournalLostError
from exporter.journal.examination import entries_of, examine, snapshots_of
from exporter.journal.files import (
    VERSION,
    Footing,
    Lock,
    connect,
    finish_placing,
    is_broken,
    open_database,
    put_in_place,
)
from exporter.journal.memory import NoJournal
from exporter.journal.mending import Mended, end_missing, mend, write_successor
from exporter.settings import Sync

KEY_DAYS = 7
KEY_SECONDS = KEY_DAYS * 86_400
_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)"
MAX_KEYS = 5_000_000  # about 300 MB of disk; beyond it the oldest are forgotten before their time


class Journal:
    """The journal file. A damaged one is mended, which `mended` then tells of.

    Raises JournalError when it cannot be opened, is of a newer version, or belongs to another process.
    """

    durable = True  # what was appended survives a kill

    def __init__(
        self, path: Path, sync: Sync = "normal", max_keys: int = MAX_KEYS, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self.sync = sync
        self.mended: Mended | None = None
        self.before = 0  # records in a journal that stood here and was taken away while nobody ran
        self.forgotten_keys = 0  # before their time
        self._max_keys = max_keys
        self._clock = clock
        self._wal = f"{path}-wal"
        self._lost: str | None = None  # what has become of the file, until a new one is begun
        with _opening(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = Lock(path)
        try:
            with _opening(path):
                self._open_or_mend()
        except BaseException:
            self._lock.release()
            raise

    def _open_or_mend(self) -> None:
        finish_placing(self.path)
        noted = self._lock.noted()
        try:
            condition = examine(self.path)
            if missing := end_missing(self.path, condition, noted):
                # before SQLite opens it for writing: it throws away what stands behind a damage in the log
                raise JournalDamagedError(missing)
            if noted and condition is None and not self.path.exists():
                self.before = noted[1]
        except JournalDamagedError as error:
            self.mended = mend(self.path, str(error), noted[1] if noted else None, self._clock())
        self._take_up()
        self._lock.note(self._id, self._total)

    def _take_up(self) -> None:
        """Open the file under our name, which is whole."""
        self._db = open_database(self.path, self.sync)
        self._id = self._number("PRAGMA application_id")
        self._footing = Footing(self.path, self._id)
        self._seq = max(self._number(f"SELECT max(seq) FROM {table}") for table in ("entries", "snapshot"))  # noqa: S608
        self._total = max(self._number(f"SELECT max(total) FROM {table}") for table in ("entries", "snapshot"))  # noqa: S608
        self._key_count = self._number("SELECT count(*) FROM keys")
        self.bytes_since_snapshot = self._number("SELECT coalesce(sum(length(body)), 0) FROM entries")
        self._lost = None

    @property
    def waits_for_disk(self) -> bool:
        """Whether `append` may take milliseconds, so that it has to run outside the event loop."""
        return self.sync == "full"

    def seen(self, key: bytes) -> bytes | None:
        """Return the mark of the request with this key that was accepted within the last seven days, None without."""
        prefix = key[:KEY_BYTES]
        least, most = prefix.ljust(len(key), b"\0"), prefix.ljust(len(key), b"\xff")
        with self._errors():
            row = self._db.execute("SELECT hash FROM keys WHERE hash BETWEEN ? AND ?", (least, most)).fetchone()
        return row[0] if row else None

    def append(self, entries: Sequence[Entry], keys: Sequence[bytes] = (), now: float = 0.0) -> None:
        """Write entries and marks of keys in one transaction; when this returns they are kept. Raises JournalError."""
        rows, seq, total = [], self._seq, self._total
        for entry in entries:
            seq, total = seq + 1, total + entry.records
            sum_ = checksum(seq, entry.at, entry.kind, total, entry.body)
            rows.append((seq, entry.at, entry.kind, entry.body, total, sum_))
        self._be_sure(self._lost or self._footing.shrunk())
        try:  # not `_errors`: every microsecond here is one of each single record
            if len(rows) == 1 and not keys:
                self._db.execute(_INSERT, rows[0])
            else:
                with self._transaction():
                    self._db.executemany(_INSERT, rows)
                    self._db.executemany("INSERT OR REPLACE INTO keys VALUES (?, ?)", [(key, now) for key in keys])
            self._be_sure(self._footing.trouble())
            self._lock.note(self._id, total)
        except (sqlite3.Error, OSError) as error:
            raise self._problem(error) from error
        self._seq, self._total = seq, total
        self._key_count += len(keys)
        self.bytes_since_snapshot += sum(len(entry.body) for entry in entries)

    def trouble(self) -> str | None:
        """Return what has become of the files, None when all is well."""
        return self._lost or self._footing.trouble()

    def snapshot(self) -> bytes | None:
        """Return the last snapshot, if there is one."""
        with self._errors():
            return next((row.body for row in snapshots_of(self._db, VERSION)), None) or None

    def entries(self) -> Iterator[Entry]:
        """Yield what was accepted after the last snapshot, oldest first."""
        with self._errors():
            after = self._number("SELECT coalesce(max(seq), 0) FROM snapshot")
            for row in entries_of(self._db, VERSION, after):
                yield Entry(row.at, cast("Kind", row.kind), row.body)

    def compact(self, body: bytes, now: float) -> None:
        """Put a snapshot of everything applied so far in the place of the entries, and forget old keys."""
        with self._errors():
            with self._transaction():
                self._write_snapshot(body, now, self._total)
                self._forget_keys(now)
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._footing.emptied()
            self._be_sure(self._footing.trouble())
            self._key_count = self._number("SELECT count(*) FROM keys")
        self.bytes_since_snapshot = 0

    def _write_snapshot(self, body: bytes, now: float, total: int) -> None:
        values = (1, self._seq, now, body, total, checksum(self._seq, now, "snapshot", total, body))
        self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?)", values)
        self._db.execute("DELETE FROM entries")  # nothing is appended meanwhile

    def checkpoint(self) -> None:
        """Move what is in the write-ahead log to the file, by a connection of its own; writers go on meanwhile."""
        with self._errors():
            self._be_sure(self._footing.trouble())
            helper = connect(self.path, mode="rw")
            try:
                helper.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                helper.close()

    def clear(self) -> None:
        """Forget everything: entries, snapshot and keys."""
        with self._errors():
            with self._transaction():
                self._write_snapshot(b"", 0.0, 0)  # an empty one: so that nothing before it is ever taken for missing
                self._db.execute("DELETE FROM keys")
            self._lock.note(self._id, 0)
        self._total = self._key_count = self.bytes_since_snapshot = 0

    def begin_anew(self, body: bytes, now: float) -> tuple[str | None, int]:
        """Begin a new journal with a snapshot of everything applied so far, in the place of the one that was lost.

        Return under which name what stood in its place is kept (None if nothing did), and how many keys could not be
        had. Raises JournalLostError when it cannot be done; the next call tries again.
        """
        before = self._key_count
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._lock.stands():
                self._lock, old = Lock(self.path), self._lock
                old.release()
            snapshot = Row(self._seq, now, "snapshot", body, self._total)
            keys = write_successor(self.path, snapshot, (), self._readable_keys())
            kept = put_in_place(self.path, now)
            self._let_go()
            self._take_up()
            self._lock.note(self._id, self._total)
        except (sqlite3.Error, OSError, JournalError) as error:
            self._lost = self._lost or "it was let go"
            raise JournalLostError(
                f"journal {self.path}: {self._lost}, and a new one cannot be begun: {error}"
            ) from error
        return (str(kept) if kept else None), max(0, before - keys)

    def _readable_keys(self) -> Iterator[tuple[bytes, float]]:
        with suppress(sqlite3.Error):  # a file that was removed can still be read; of a damaged one what comes first
            yield from self._db.execute("SELECT hash, at FROM keys")

    @property
    def key_count(self) -> int:
        """How many keys are kept at present."""
        return self._key_count

    def log_bytes(self) -> int:
        """Return the size of the write-ahead log: small commits fill it with far more than their bodies."""
        return _size(self._wal)

    def size_bytes(self) -> int:
        """Return the size on disk, write-ahead log included."""
        return _size(self.path) + self.log_bytes()

    def close(self) -> None:
        """Close the file and let go of its lock."""
        self._let_go()
        self._lock.release()

    def _let_go(self) -> None:
        self._db.close()
        self._footing.close()

    def _forget_keys(self, now: float) -> None:
        self._db.execute("DELETE FROM keys WHERE at < ?", (now - KEY_SECONDS,))
        surplus = self._number("SELECT count(*) FROM keys") - self._max_keys
        if surplus > 0:
            self.forgotten_keys += surplus
            oldest = "SELECT hash FROM keys ORDER BY at LIMIT ?"
            self._db.execute(f"DELETE FROM keys WHERE hash IN ({oldest})", (surplus,))  # noqa: S608 - constant text

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0] or 0)

    def _be_sure(self, trouble: str | None) -> None:
        """Raise JournalLostError when what is written goes into a file that is no longer ours by its name."""
        if trouble is not None:
            self._lost = trouble
            raise JournalLostError(f"journal {self.path}: {trouble}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        self._be_sure(self._lost)
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._problem(error) from error

    def _problem(self, error: sqlite3.Error | OSError) -> JournalError:
        """Return what an error means: whether it may pass, or the file is lost."""
        self._lost = str(error) if is_broken(error) else self._footing.trouble()
        kind = JournalError if self._lost is None else JournalLostError
        return kind(f"journal {self.path}: {self._lost or error}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # on a full disk SQLite may have rolled back by itself
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            raise


AnyJournal = Journal | NoJournal


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"journal {path} cannot be opened: {error}") from error


def _size(path: Path | str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
