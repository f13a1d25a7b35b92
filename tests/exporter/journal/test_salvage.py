from __future__ import annotations

import random
import shutil
from pathlib import Path

import msgspec
import pytest

from exporter.counting.snapshot import Snapshot
from exporter.journal.entries import Entry, Row, checksum, key_hash
from exporter.journal.journal import Journal
from exporter.journal.salvage import is_readable, missing, records_in, salvage

FULL = b'{"processing_type":"full"}'


def entry(seq: int, total: int | None, records: int = 1, kind: str = "records") -> Row:
    body = b"[" + b",".join([FULL] * records) + b"]"
    return Row(seq, 1.0, kind, body, total, None if total is None else checksum(seq, 1.0, kind, total, body))


def snapshot(seq: int, total: int | None) -> Row:
    return Row(seq, 1.0, "snapshot", b"", total)


@pytest.mark.parametrize(
    ("last", "entries", "noted", "lost", "at_least"),
    [
        (None, [], None, 0, True),  # nothing is there, and nobody knows of anything
        (None, [], 0, 0, False),
        (None, [], 7, 7, False),
        (None, [entry(1, 1), entry(2, 4, 3)], 4, 0, False),
        (None, [entry(1, 1), entry(2, 4, 3)], None, 0, True),  # what came after them nobody knows
        (None, [entry(1, 1), entry(2, 4, 3)], 10, 6, False),
        (None, [entry(2, 4, 3)], 4, 1, False),
        (None, [entry(1, 1), entry(5, 40, 3)], 40, 36, False),  # entries of many records each
        (snapshot(9, 100), [entry(10, 101), entry(12, 109, 2)], 109, 6, False),
        (snapshot(9, 100), [], 100, 0, False),
        (snapshot(9, 100), [], 90, 0, False),  # the note came later than the kill
        (None, [entry(1, None), entry(4, None)], None, 2, True),  # of version 1: each entry held one record or more
        (snapshot(9, None), [entry(10, None), entry(11, 5, 2)], 5, 0, False),  # upgraded in between
    ],
)
def test_what_is_missing_is_told_by_what_each_entry_says_of_the_records_before_it(
    last: Row | None, entries: list[Row], noted: int | None, lost: int, at_least: bool
) -> None:
    assert missing(last, entries, noted) == (lost, at_least)


def test_pushes_and_mendings_hold_no_records_and_what_cannot_be_read_counts() -> None:
    assert records_in(Row(1, 1.0, "push", b"\x93")) == records_in(Row(1, 1.0, "mended", b"{}")) == 0
    assert records_in(entry(1, 1, 3)) == 3
    assert records_in(Row(1, 1.0, "records", b"[%b,7]" % FULL)) == 2


def test_a_snapshot_is_one_that_can_be_read() -> None:
    assert is_readable(b"")  # what a reset leaves
    assert is_readable(msgspec.msgpack.encode(Snapshot([], [])))
    assert not is_readable(b"\xc1")
    assert not is_readable(msgspec.msgpack.encode({"families": 3}))


def test_of_several_snapshots_the_last_whole_one_counts_and_entries_before_it_do_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    body = msgspec.msgpack.encode(Snapshot([], []))
    for number in range(3):  # each compaction leaves its forerunners in pages that are free
        journal.append(
            [Entry(float(number), "records", b"[%b]" % FULL, 1)] * 30, [key_hash(str(number))], float(number)
        )
        journal.compact(body, float(number))
    journal.append([Entry(9.0, "records", b"[%b]" % FULL, 1)])
    for suffix in ("", "-wal", ".lock"):
        shutil.copy(f"{journal.path}{suffix}", tmp_path / f"k.sqlite{suffix}")
    journal.close()
    found = salvage(tmp_path / "k.sqlite", 91)
    assert found.snapshot
    assert (found.snapshot.seq, found.snapshot.total, found.snapshot.at) == (90, 90, 2.0)
    assert [row.seq for row in found.entries] == [91]
    assert set(found.keys) == {key_hash(str(number)) for number in range(3)}
    assert (found.lost, found.at_least) == (0, False)


def test_in_what_is_no_journal_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(100_000))
    assert salvage(tmp_path / "noise", None).is_empty
    assert salvage(tmp_path / "none", None).is_empty
