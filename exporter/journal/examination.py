"""Whether a journal is whole: what SQLite says of it, what the checksums say, and whether anything is missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from exporter.journal.entries import Row
from exporter.journal.errors import JournalDamagedError, JournalError
from exporter.journal.files import COLUMNS, FAR, VERSION, connect, damage
from exporter.journal.salvage import is_readable


class Condition(msgspec.Struct, frozen=True):
    """A journal that is whole, as its file has it.

    `total`: records it has accepted, None where a version before 2 wrote last. `snapshot_at`: Unix seconds, None
    without.
    """

    version: int
    journal_id: int
    entries: int
    keys: int
    total: int | None
    snapshot_at: float | None


def examine(path: Path) -> Condition | None:
    """Read the whole journal without changing it; None when there is none yet.

    Raises JournalDamagedError saying what is wrong, JournalError for a newer version, sqlite3.Error.
    """
    log = Path(f"{path}-wal")
    if not path.exists() or not path.stat().st_size:
        if log.exists() and log.stat().st_size:  # SQLite would throw it away
            state = "is empty" if path.exists() else "is gone"
            raise JournalDamagedError(f"journal {path} {state}, though its write-ahead log is there")
        return None
    with path.open("rb") as file:
        header = file.read(20)
    if header.startswith(b"SQLite") and not {*header[18:20]} <= {1, 2}:  # SQLite would only read such a file
        raise JournalDamagedError(f"journal {path} is damaged: its header is not as it should be")
    db = connect(path, "ro")
    try:
        with damage(path):
            return _condition(path, db)
    finally:
        db.close()
        Path(f"{path}-shm").unlink(missing_ok=True)


def _condition(path: Path, db: sqlite3.Connection) -> Condition:
    version = _number(db, "PRAGMA user_version")
    if VERSION < version <= FAR:
        message = f"written by a newer version (format {version}, this one knows {VERSION})"
        raise JournalError(f"journal {path} cannot be opened: {message}")
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise JournalDamagedError(f"journal {path} is damaged: {found}")
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version == 0 and not names:
        return Condition(0, 0, 0, 0, None, None)  # made, and ended before anything was in it
    columns = COLUMNS.get(version, {})
    if not columns or any(_columns(db, table) != number for table, number in columns.items()):
        raise JournalDamagedError(f"journal {path} is damaged: its tables are not those of format {version}")
    last, entries = _read_through(path, db, version)
    return Condition(
        version,
        _number(db, "PRAGMA application_id"),
        entries,
        _number(db, "SELECT count(*) FROM keys"),
        last.total if last else 0,
        next((row.at for row in snapshots_of(db, version)), None),
    )


def _read_through(path: Path, db: sqlite3.Connection, version: int) -> tuple[Row | None, int]:
    """Return the last row and how many entries there are. Raises JournalDamagedError for a row that is not whole."""
    last, count = None, 0
    for last in snapshots_of(db, version):
        if not (last.is_whole and is_readable(last.body)):
            raise JournalDamagedError(f"journal {path} is damaged: its snapshot is not what was written")
    for row in entries_of(db, version, last.seq if last else 0):
        if not row.is_whole:
            raise JournalDamagedError(f"journal {path} is damaged: entry {row.seq} is not what was written")
        if row.seq != (last.seq if last else 0) + 1:
            raise JournalDamagedError(f"journal {path} is damaged: entries before {row.seq} are missing")
        last, count = row, count + 1
    return last, count


def snapshots_of(db: sqlite3.Connection, version: int) -> Iterator[Row]:
    """Yield the snapshot, if there is one."""
    more = "total, checksum" if version > 1 else "NULL, NULL"
    for seq, at, body, total, checksum in db.execute(f"SELECT seq, at, body, {more} FROM snapshot"):  # noqa: S608
        yield Row(seq, at, "snapshot", body, total, checksum)


def entries_of(db: sqlite3.Connection, version: int, after: int) -> Iterator[Row]:
    """Yield the entries behind a sequence number, oldest first."""
    more = "total, checksum" if version > 1 else "NULL, NULL"
    query = f"SELECT seq, at, kind, body, {more} FROM entries WHERE seq > ? ORDER BY seq"  # noqa: S608 - one of two
    for values in db.execute(query, (after,)):
        yield Row(*values)


def _columns(db: sqlite3.Connection, table: str) -> int:
    return len(db.execute(f"PRAGMA table_info({table})").fetchall())


def _number(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0] or 0)
