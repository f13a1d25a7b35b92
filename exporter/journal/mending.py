"""A journal that is damaged or gone gets a successor: what is known goes into it, the old file is kept aside."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from exporter.journal.entries import Mending, Row, checksum
from exporter.journal.errors import JournalError
from exporter.journal.examination import Condition
from exporter.journal.files import open_database, put_in_place, successor
from exporter.journal.salvage import records_in, salvage


class Mended(msgspec.Struct, frozen=True):
    """What became of a journal. `lost`: records known to be lost, `at_least` if there may be more."""

    journal: str
    reason: str
    lost: int
    at_least: bool = False
    kept_as: str | None = None
    snapshot: bool = False
    entries: int = 0
    keys: int = 0

    def sentence(self) -> str:
        """Say it in one sentence."""
        put_back = [f"{self.entries} {'entry' if self.entries == 1 else 'entries'}"]
        put_back = ["the snapshot", *put_back] if self.snapshot else put_back
        lost = "no record is known to be lost" if not self.lost else f"{_counted(self.lost, 'record')} lost"
        lost = f"{lost}, or more" if self.at_least else lost
        kept = f"; the file as it was is kept as {self.kept_as}" if self.kept_as else ""
        return f"{self.reason}; {' and '.join(put_back)} were put back, {lost}{kept}"


def mend(path: Path, reason: str, noted: int | None, now: float) -> Mended:
    """Put what can be salvaged into a new journal and keep the damaged one aside under a dated name.

    `noted`: how many records it had accepted, if that is known. Whoever calls holds the journal's lock. Raises
    JournalError for a file in which nothing of a journal is found, OSError and sqlite3.Error when it cannot be done.
    """
    found = salvage(path, noted)
    if found.is_empty and noted is None:
        raise JournalError(f"{reason}; nothing of a journal is left in it: move it away, or name another journal")
    total = found.snapshot.total or 0 if found.snapshot else 0
    base = found.snapshot.seq if found.snapshot else 0
    entries = []
    for number, row in enumerate(found.entries, 1):
        total += records_in(row)
        entries.append(numbered(base + number, row.at, row.kind, row.body, total))
    body = msgspec.json.encode(Mending(found.lost))
    entries.append(numbered(base + len(entries) + 1, now, "mended", body, total))
    write_successor(path, found.snapshot, entries, found.keys.items())
    kept = put_in_place(path, now)
    return Mended(
        str(path),
        reason,
        found.lost,
        found.at_least,
        str(kept) if kept else None,
        found.snapshot is not None,
        len(found.entries),
        len(found.keys),
    )


def end_missing(path: Path, condition: Condition | None, noted: tuple[int, int] | None) -> str | None:
    """Return what is wrong with a file that makes sense to SQLite and has fewer records than were noted; None without.

    It was cut off, the power failed with sync normal, or the write-ahead log is damaged: SQLite reads that up to the
    damage without a word. `condition`: None for a file that is empty or is not there.
    """
    if noted is None or (not path.exists() if condition is None else condition.journal_id != noted[0]):
        return None
    total = condition.total if condition else 0
    if total is None or total >= noted[1]:  # None: a version that does not count them wrote last
        return None
    return f"journal {path} ends before the last {noted[1] - total} of {noted[1]} records"


def numbered(seq: int, at: float, kind: str, body: bytes, total: int) -> Row:
    """Return a row with its checksum."""
    return Row(seq, at, kind, body, total, checksum(seq, at, kind, total, body))


def write_successor(
    path: Path, snapshot: Row | None, entries: Iterable[Row], keys: Iterable[tuple[bytes, float]]
) -> int:
    """Write a whole journal under the successor's name, synced; return how many keys could be had.

    Raises OSError, sqlite3.Error; what was begun is removed then.
    """
    begun = successor(path).with_suffix(".begun")
    _remove(begun)
    try:
        db = open_database(begun, "full")
        try:
            count = _fill(db, snapshot, entries, keys)
        finally:
            db.close()
        os.rename(begun, successor(path))
    except BaseException:
        _remove(begun)
        raise
    return count


def _fill(
    db: sqlite3.Connection, snapshot: Row | None, entries: Iterable[Row], keys: Iterable[tuple[bytes, float]]
) -> int:
    db.execute("BEGIN")
    if snapshot is not None:
        row = numbered(snapshot.seq, snapshot.at, "snapshot", snapshot.body, snapshot.total or 0)
        values = (1, row.seq, row.at, row.body, row.total, row.checksum)
        db.execute("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?)", values)
    rows = ((row.seq, row.at, row.kind, row.body, row.total, row.checksum) for row in entries)
    db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
    count = 0
    for key in keys:
        db.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", key)
        count += 1
    db.execute("COMMIT")
    return count


def _remove(begun: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{begun}{suffix}").unlink(missing_ok=True)


def _counted(number: int, what: str) -> str:
    return f"{number} {what} is" if number == 1 else f"{number} {what}s are"
