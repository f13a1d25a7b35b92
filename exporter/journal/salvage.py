"""What can still be had of a damaged journal: the last whole snapshot, entries after it, keys; and what is lost.

An entry says how many records had been accepted with it, so that a gap says how many it has swallowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from exporter.counting.snapshot import Snapshot
from exporter.journal.entries import KINDS, Row, decode_entry
from exporter.journal.pages import Cell, Value, rows_of

_KEY_BYTES = 16


class Salvaged(msgspec.Struct, frozen=True):
    """What was found.

    `lost`: how many records are known to be lost; `at_least`: whether it may be more, because what came last is missing
    and nobody noted how much there was.
    """

    snapshot: Row | None
    entries: list[Row]
    keys: dict[bytes, float]
    lost: int
    at_least: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was found that looks like a journal."""
        return self.snapshot is None and not self.entries and not self.keys


def salvage(path: Path, noted: int | None) -> Salvaged:
    """Read what can be read. `noted`: how many records are known to have been accepted, None if nobody knows."""
    snapshots: list[Row] = []
    entries: dict[int, Row] = {}
    keys: dict[bytes, float] = {}
    for cell in rows_of(path):
        if key := _key(cell):
            keys[key[0]] = max(key[1], keys.get(key[0], key[1]))
        elif snapshot := _snapshot(cell):
            snapshots.append(snapshot)
        elif (entry := _entry(cell)) and (entry.seq not in entries or entries[entry.seq].checksum is None):
            entries[entry.seq] = entry
    last = max(snapshots, key=lambda row: row.seq, default=None)
    after = last.seq if last else 0
    found = [entries[seq] for seq in sorted(entries) if seq > after]
    lost, at_least = missing(last, found, noted)
    return Salvaged(last, found, keys, lost, at_least)


def missing(snapshot: Row | None, entries: Iterable[Row], noted: int | None) -> tuple[int, bool]:
    """Return how many records are missing between and behind these, and whether it may be more than that."""
    seq, total = (snapshot.seq, snapshot.total) if snapshot else (0, 0)
    lost, at_least = 0, False
    for entry in entries:
        gap = entry.seq - seq - 1
        if entry.total is None or total is None:  # written before version 2: a missing entry held one record or more
            lost, at_least = lost + gap, at_least or gap > 0
        else:
            lost += max(0, entry.total - records_in(entry) - total)
        seq, total = entry.seq, entry.total
    if noted is None or total is None:
        return lost, True
    return lost + max(0, noted - total), at_least


def records_in(row: Row) -> int:
    """Return how many records an entry holds."""
    if row.kind in ("push", "mended"):
        return 0
    events, unread = decode_entry(row.kind, row.body)
    return len(events) + unread


def is_readable(snapshot: bytes) -> bool:
    """Tell whether a snapshot's body is one (an empty one is what a reset leaves)."""
    try:
        return not snapshot or bool(msgspec.msgpack.decode(snapshot, type=Snapshot))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _entry(cell: Cell) -> Row | None:
    seq, columns = cell
    if seq is None or len(columns) not in (4, 6) or columns[2] not in KINDS:
        return None
    row = _row(seq, columns[1], str(columns[2]), columns[3], *columns[4:])
    if row is None or not row.is_whole:
        return None
    told = row.checksum is not None or row.kind in ("push", "mended")
    return row if told or decode_entry(row.kind, row.body)[0] else None


def _snapshot(cell: Cell) -> Row | None:
    rowid, columns = cell
    if rowid != 1 or len(columns) not in (4, 6):
        return None
    row = _row(columns[1], columns[2], "snapshot", columns[3], *columns[4:])
    return row if row is not None and row.is_whole and is_readable(row.body) else None


def _row(seq: Value, at: Value, kind: str, body: Value, total: Value = None, checksum: Value = None) -> Row | None:
    if not (isinstance(seq, int) and 0 <= seq < 2**62 and isinstance(at, int | float) and isinstance(body, bytes)):
        return None
    if isinstance(total, int) and isinstance(checksum, int) and 0 <= total < 2**62:
        return Row(seq, float(at), kind, body, total, checksum)
    return Row(seq, float(at), kind, body) if total is checksum is None else None


def _key(cell: Cell) -> tuple[bytes, float] | None:
    """Return a key and its time, from the table of keys or from its index by time."""
    rowid, columns = cell
    if rowid is not None or len(columns) != 2:
        return None
    key, at = columns if isinstance(columns[0], bytes) else reversed(columns)
    if isinstance(key, bytes) and len(key) == _KEY_BYTES and isinstance(at, int | float):
        return key, float(at)
    return None
