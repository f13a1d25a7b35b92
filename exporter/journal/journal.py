"""Nothing acknowledged is lost: every accepted record is in this SQLite file before its sender hears "recorded".

One writer, WAL, one transaction per group of requests. After a SIGKILL everything committed is there; with
`sync="full"` also after a power loss (then every commit waits for the disk). Entries are replayed on start, on top of
the last snapshot; a new snapshot replaces the entries before it, so the file stays bounded.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from exporter.journal.entries import Entry
from exporter.settings import Sync
from pipeline.errors import PipemeterError

KEY_DAYS = 7
KEY_SECONDS = KEY_DAYS * 86_400
MAX_KEYS = 5_000_000  # about 300 MB of disk; beyond it the oldest are forgotten before their time
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY, at REAL, kind TEXT, body BLOB) STRICT;
CREATE TABLE IF NOT EXISTS keys (hash BLOB PRIMARY KEY, at REAL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_at ON keys (at);
CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER, at REAL, body BLOB) STRICT;
"""


class JournalError(PipemeterError):
    """The journal cannot be opened or written."""


class Journal:
    """The journal file. Raises JournalError when it cannot be opened, or belongs to another process."""

    def __init__(self, path: Path, sync: Sync = "normal", max_keys: int = MAX_KEYS) -> None:
        self.path = path
        self.sync = sync
        self._max_keys = max_keys
        self._wal = f"{path}-wal"
        self._lock_file = _lock(path)
        try:
            self._db = _open(path, sync)
        except (sqlite3.Error, OSError) as error:
            self._lock_file.close()
            raise JournalError(f"journal {path} cannot be opened: {error}") from error
        self._seq = max(self._number(f"SELECT max(seq) FROM {table}") for table in ("entries", "snapshot"))  # noqa: S608
        self._key_count = self._number("SELECT count(*) FROM keys")
        self.forgotten_keys = 0  # before their time
        self.bytes_since_snapshot = self._number("SELECT coalesce(sum(length(body)), 0) FROM entries")

    @property
    def durable(self) -> bool:
        """Whether what was appended survives a kill."""
        return True

    @property
    def waits_for_disk(self) -> bool:
        """Whether `append` may take milliseconds, so that it has to run outside the event loop."""
        return self.sync == "full"

    def seen(self, key: bytes) -> bool:
        """Tell whether a request with this key was accepted within the last seven days."""
        with _errors(self.path):
            return self._db.execute("SELECT 1 FROM keys WHERE hash = ?", (key,)).fetchone() is not None

    def append(self, entries: Sequence[Entry], keys: Sequence[bytes] = (), now: float = 0.0) -> None:
        """Write entries and keys in one transaction; when this returns they are kept. Raises JournalError."""
        rows = [(self._seq + n, entry.at, entry.kind, entry.body) for n, entry in enumerate(entries, 1)]
        with _errors(self.path):
            if len(rows) == 1 and not keys:
                self._db.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", rows[0])
            else:
                with self._transaction():
                    self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
                    self._db.executemany("INSERT OR REPLACE INTO keys VALUES (?, ?)", [(key, now) for key in keys])
        self._seq += len(rows)
        self._key_count += len(keys)
        self.bytes_since_snapshot += sum(len(entry.body) for entry in entries)

    def snapshot(self) -> bytes | None:
        """Return the last snapshot, if there is one."""
        with _errors(self.path):
            row = self._db.execute("SELECT body FROM snapshot").fetchone()
        return row[0] if row else None

    def entries(self) -> Iterator[Entry]:
        """Yield what was accepted after the last snapshot, oldest first."""
        with _errors(self.path):
            after = self._number("SELECT coalesce(max(seq), 0) FROM snapshot")
            for row in self._db.execute("SELECT at, kind, body FROM entries WHERE seq > ? ORDER BY seq", (after,)):
                yield Entry(*row)

    def compact(self, body: bytes, now: float) -> None:
        """Put a snapshot of everything applied so far in the place of the entries, and forget old keys."""
        with _errors(self.path):
            with self._transaction():
                self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?, ?)", (self._seq, now, body))
                self._db.execute("DELETE FROM entries")  # nothing is appended meanwhile
                self._forget_keys(now)
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._key_count = self._number("SELECT count(*) FROM keys")
        self.bytes_since_snapshot = 0

    def checkpoint(self) -> None:
        """Move what is in the write-ahead log to the file, by a connection of its own; writers go on meanwhile."""
        with _errors(self.path):
            helper = sqlite3.connect(self.path, isolation_level=None, timeout=5)
            try:
                helper.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                helper.close()

    def clear(self) -> None:
        """Forget everything: entries, snapshot and keys."""
        with _errors(self.path), self._transaction():
            for table in ("entries", "snapshot", "keys"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - one of three constants
        self._key_count = self.bytes_since_snapshot = 0

    @property
    def key_count(self) -> int:
        """How many keys are kept at present."""
        return self._key_count

    def log_bytes(self) -> int:
        """Return the size of the write-ahead log: small commits fill it with far more than their bodies."""
        try:
            return os.stat(self._wal).st_size
        except OSError:
            return 0

    def size_bytes(self) -> int:
        """Return the size on disk, write-ahead log included."""
        return self.path.stat().st_size + self.log_bytes()

    def close(self) -> None:
        """Close the file and let go of its lock."""
        self._db.close()
        self._lock_file.close()

    def _forget_keys(self, now: float) -> None:
        self._db.execute("DELETE FROM keys WHERE at < ?", (now - KEY_SECONDS,))
        surplus = self._number("SELECT count(*) FROM keys") - self._max_keys
        if surplus > 0:
            self.forgotten_keys += surplus
            oldest = "SELECT hash FROM keys ORDER BY at LIMIT ?"
            self._db.execute(f"DELETE FROM keys WHERE hash IN ({oldest})", (surplus,))  # noqa: S608 - constant text

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0] or 0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


class NoJournal:
    """For those who can do without: nothing survives, and keys are known only while the process lives."""

    durable = False
    waits_for_disk = False
    path = None
    bytes_since_snapshot = 0
    forgotten_keys = 0

    def __init__(self, max_keys: int = 100_000) -> None:
        self._keys: dict[bytes, float] = {}
        self._max_keys = max_keys

    def seen(self, key: bytes) -> bool:
        """Tell whether a request with this key was accepted by this process and is still remembered."""
        return key in self._keys

    def append(self, entries: Sequence[Entry], keys: Iterable[bytes] = (), now: float = 0.0) -> None:  # noqa: ARG002
        """Remember the keys, nothing else; the oldest are forgotten when there are too many."""
        for key in keys:
            self._keys[key] = now
        while len(self._keys) > self._max_keys:
            del self._keys[next(iter(self._keys))]
            self.forgotten_keys += 1

    def snapshot(self) -> None:
        """Return nothing: nothing was kept."""

    def entries(self) -> Iterator[Entry]:
        """Yield nothing."""
        return iter(())

    def compact(self, body: bytes, now: float) -> None:
        """Do nothing."""

    def checkpoint(self) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Forget the keys."""
        self._keys.clear()

    @property
    def key_count(self) -> int:
        """How many keys are remembered at present."""
        return len(self._keys)

    def log_bytes(self) -> int:
        """Return 0."""
        return 0

    def size_bytes(self) -> int:
        """Return 0."""
        return 0

    def close(self) -> None:
        """Do nothing."""


AnyJournal = Journal | NoJournal


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"journal {path}: {error}") from error


def _lock(path: Path) -> IO[bytes]:
    """Make the folder and lock the journal for this process (the lock goes when the process does)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise JournalError(f"journal {path} cannot be opened: {error}") from error
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise JournalError(
            f"journal {path} belongs to another running exporter; one process owns the counters. "
            "Stop it, or give this one a journal of its own with --journal PATH"
        ) from error
    return handle


def _open(path: Path, sync: Sync) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if sync == 'full' else 'NORMAL'}")
        db.execute("PRAGMA wal_autocheckpoint = 0")  # a checkpoint waits for the disk: `compact` does it, off the loop
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise sqlite3.DatabaseError(f"written by a newer version (format {version}, this one knows {_VERSION})")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        db.close()
        raise
    return db
