"""The journal's files: one SQLite database with its write-ahead log, and a lock with a note beside it."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from exporter.journal.errors import JournalDamagedError, JournalError
from exporter.settings import Sync

VERSION = 2
FAR = 100  # a version beyond this one was not written by any successor, but by whatever overwrote the file
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, at REAL, kind TEXT, body BLOB, total INTEGER, checksum INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS keys (hash BLOB PRIMARY KEY, at REAL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_at ON keys (at);
CREATE TABLE IF NOT EXISTS snapshot (
  id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER, at REAL, body BLOB, total INTEGER, checksum INTEGER) STRICT;
"""
COLUMNS = {  # format -> table -> how many columns it has
    1: {"entries": 4, "keys": 2, "snapshot": 4},
    2: {"entries": 6, "keys": 2, "snapshot": 6},
}
_ID_AT = 68  # where a database's header has its application id
_NOTE, _NOTE_MARK = struct.Struct("<4sIq"), b"pmj2"
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_AROUND = (
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
)


def is_broken(error: Exception) -> bool:
    """Tell whether SQLite says that a file's content makes no sense."""
    return isinstance(error, sqlite3.Error) and _code(error) in _BROKEN


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def connect(path: Path, mode: Literal["ro", "rw", "rwc"] = "rwc") -> sqlite3.Connection:
    """Connect to a database that is this process's alone.

    So the index of the write-ahead log is in memory, not in a file that somebody could cut short under us.
    """
    address = f"file:{quote(os.fsencode(path))}?vfs=unix-excl&mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=5)


def open_database(path: Path, sync: Sync) -> sqlite3.Connection:
    """Open a journal that is whole, making or upgrading it where needed. Raises sqlite3.Error."""
    db = connect(path)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if sync == 'full' else 'NORMAL'}")
        db.execute("PRAGMA wal_autocheckpoint = 0")  # a checkpoint waits for the disk: `compact` does it, off the loop
        if db.execute("PRAGMA user_version").fetchone()[0] == 1:
            for table in ("entries", "snapshot"):
                for column in ("total", "checksum"):
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER")
        db.executescript(_SCHEMA)
        if not db.execute("PRAGMA application_id").fetchone()[0]:
            db.execute(f"PRAGMA application_id = {secrets.randbelow(2**31 - 1) + 1}")  # which journal this is
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the id stands in the file itself
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Raise JournalDamagedError for errors that come from what stands in a file, not from what is around it."""
    try:
        yield
    except sqlite3.Error as error:
        if _code(error) in _AROUND:
            raise
        raise JournalDamagedError(f"journal {path} is damaged: {error}") from error


class Lock:
    """The lock of a journal, which goes when its process does. It holds a note: how many records were accepted.

    The note is written after each commit, and not synced. It tells whether the end of a journal is missing.
    Raises JournalError when another process has it, OSError when it cannot be had.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise JournalError(
                f"journal {path} belongs to another running exporter; one process owns the counters. "
                "Stop it, or give this one a journal of its own with --journal PATH"
            ) from error

    def stands(self) -> bool:
        """Tell whether the file that we hold is still the one under its name."""
        try:
            found, mine = os.stat(self._path), os.fstat(self._file)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def note(self, journal_id: int, total: int) -> None:
        """Note how many records the journal of this id has accepted. Raises OSError."""
        os.pwrite(self._file, _NOTE.pack(_NOTE_MARK, journal_id, total), 0)

    def noted(self) -> tuple[int, int] | None:
        """Return what was noted last: a journal's id and its records."""
        return _read_note(os.pread(self._file, _NOTE.size, 0))

    def release(self) -> None:
        """Let go of it."""
        os.close(self._file)


def note_beside(path: Path) -> tuple[int, int] | None:
    """Return what is noted beside a journal, without its lock."""
    try:
        return _read_note(path.with_name(path.name + ".lock").read_bytes())
    except OSError:
        return None


def _read_note(raw: bytes) -> tuple[int, int] | None:
    if len(raw) != _NOTE.size or not raw.startswith(_NOTE_MARK):
        return None
    _, journal_id, total = _NOTE.unpack(raw)
    return journal_id, total


class Footing:
    """The files that a journal was opened on: whether they are still those under their names, and no shorter."""

    def __init__(self, path: Path, journal_id: int) -> None:
        self._names = (str(path), f"{path}-wal")
        self._id = journal_id.to_bytes(4, "big")
        self._files = [os.open(name, os.O_RDONLY | os.O_CLOEXEC) for name in self._names]
        found = [os.stat(name) for name in self._names]
        self._known = [(each.st_ino, each.st_dev) for each in found]
        self._sizes = [each.st_size for each in found]
        self._changed_at = -1  # when the file itself was last seen to change, which only a checkpoint should do

    def shrunk(self) -> str | None:
        """Say that the log is shorter than it was, None if it is not: the next write would make it long again."""
        size = os.fstat(self._files[1]).st_size
        if size < self._sizes[1]:
            return f"{self._names[1]} was cut short, from {self._sizes[1]} to {size} bytes"
        return None

    def trouble(self) -> str | None:
        """Return what has become of the files, None when all is well. Takes some microseconds."""
        for number, name in enumerate(self._names):
            try:
                found = os.stat(name)
            except OSError:
                return f"{name} is gone"
            if (found.st_ino, found.st_dev) != self._known[number]:
                return f"{name} is another file than was opened"
            if found.st_size < self._sizes[number]:
                return f"{name} was cut short, from {self._sizes[number]} to {found.st_size} bytes"
            self._sizes[number] = found.st_size
            if number == 0 and found.st_mtime_ns != self._changed_at:
                self._changed_at = found.st_mtime_ns
                if os.pread(self._files[0], 4, _ID_AT) != self._id:
                    return f"{name} was overwritten by something else"
        return None

    def emptied(self) -> None:
        """Take note that the write-ahead log was emptied by us."""
        self._sizes[1] = 0

    def close(self) -> None:
        """Let go of the files (only after SQLite did, whose locks would go with them)."""
        for file in self._files:
            os.close(file)


def put_in_place(path: Path, now: float) -> Path | None:
    """Put the successor in the place of a journal; return under which name that is kept, None if there was none.

    Whatever happens in between, the next start finds either the old files or the new one. Raises OSError.
    """
    aside = None
    if path.exists() or Path(f"{path}-wal").exists():
        aside = _dated(path, now)
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    Path(f"{path}-shm").unlink(missing_ok=True)
    os.rename(successor(path), path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def _dated(path: Path, now: float) -> Path:
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    first = path.with_name(f"{path.name}.damaged-{stamp}")
    found, number = first, 1
    while found.exists() or Path(f"{found}-wal").exists():
        number += 1
        found = first.with_name(f"{first.name}-{number}")
    return found


def successor(path: Path) -> Path:
    """Return the name of a finished journal that is about to take the place of another."""
    return path.with_name(path.name + ".new")


def finish_placing(path: Path) -> None:
    """Do what `put_in_place` could not finish, because the process was killed in it. Raises OSError."""
    if path.exists():
        successor(path).unlink(missing_ok=True)
    elif successor(path).exists():
        os.rename(successor(path), path)
