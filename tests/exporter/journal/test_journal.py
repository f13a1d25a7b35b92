from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from exporter.journal.entries import Entry, key_hash
from exporter.journal.errors import JournalError
from exporter.journal.journal import KEY_SECONDS, Journal
from tests.exporter.conftest import Process


def test_keys_are_known_for_seven_days_and_then_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append([Entry(0.0, "events", b"[]")], [key_hash("old")], 0.0)
    journal.append([Entry(0.0, "events", b"[]")], [key_hash("new")], 1000.0)
    journal.compact(b"", KEY_SECONDS - 1)
    assert journal.seen(key_hash("old"))
    journal.compact(b"", KEY_SECONDS + 1)
    assert not journal.seen(key_hash("old"))
    assert journal.seen(key_hash("new"))
    journal.close()


def test_keys_are_bounded_and_what_is_forgotten_early_is_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", max_keys=10)
    for n in range(25):
        journal.append([], [key_hash(str(n))], float(n))
    journal.compact(b"", 100.0)
    assert (journal.key_count, journal.forgotten_keys) == (10, 15)
    assert journal.seen(key_hash("24"))
    assert not journal.seen(key_hash("14"))
    journal.close()


def test_a_journal_belongs_to_one_process(tmp_path: Path, processes: list[Process]) -> None:
    processes.append(Process(tmp_path))
    with pytest.raises(RuntimeError, match="belongs to another running exporter"):
        Process(tmp_path)


def test_a_journal_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "junk.sqlite").write_bytes(b"this is no database" * 1000)
    with pytest.raises(JournalError, match="nothing of a journal is left in it: move it away"):
        Journal(tmp_path / "junk.sqlite")
    assert (tmp_path / "junk.sqlite").read_bytes().startswith(b"this is no database")  # it may be anybody's
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "file" / "journal.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match=r"cannot be (opened|read)"):
        Journal(tmp_path / "folder")
    newer = sqlite3.connect(tmp_path / "newer.sqlite")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(JournalError, match="newer version"):
        Journal(tmp_path / "newer.sqlite")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_journal_of_another_user_is_said_so_and_left_alone(tmp_path: Path, mode: int) -> None:
    Journal(tmp_path / "j.sqlite").close()
    (tmp_path / "j.sqlite").chmod(mode)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "j.sqlite")
    assert not list(tmp_path.glob("*.damaged-*"))


def test_entries_come_back_in_order_behind_the_snapshot(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append([Entry(float(n), "events", b"[]", 1) for n in range(3)])
    journal.compact(b"", 10.0)
    journal.append([Entry(11.0, "push", b"a"), Entry(12.5, "records-lines", b"b", 5)])
    assert list(journal.entries()) == [Entry(11.0, "push", b"a"), Entry(12.5, "records-lines", b"b")]
    assert journal.bytes_since_snapshot == 2
    journal.close()
    again = Journal(tmp_path / "j.sqlite")
    assert [entry.at for entry in again.entries()] == [11.0, 12.5]
    assert again.mended is None
    again.close()


def test_a_group_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    bad = Entry(1.0, "events", "no bytes")  # type: ignore[arg-type]
    with pytest.raises((JournalError, TypeError)):
        journal.append([Entry(1.0, "events", b"[]"), bad], [key_hash("k")])
    assert list(journal.entries()) == []
    assert not journal.seen(key_hash("k"))
    journal.append([Entry(1.0, "events", b"[]")], [key_hash("k")])
    assert len(list(journal.entries())) == 1
    journal.close()


def test_after_a_reset_nothing_of_before_comes_back_whatever_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path)
    journal.append([Entry(1.0, "records", b'[{"processing_type":"full"}]', 1)] * 50)
    journal.clear()
    journal.append([Entry(2.0, "records", b'[{"processing_type":"full"}]', 1)])
    shutil.copy(path, tmp_path / "k.sqlite")
    shutil.copy(f"{path}-wal", tmp_path / "k.sqlite-wal")
    journal.close()
    with (tmp_path / "k.sqlite").open("r+b") as file:
        file.write(bytes(100))  # the header
    mended = Journal(tmp_path / "k.sqlite")
    assert len([entry for entry in mended.entries() if entry.kind == "records"]) == 1
    assert mended.mended
    assert mended.mended.lost == 0
    mended.close()


def test_a_journal_of_version_1_goes_on_and_its_gaps_count_an_entry_as_a_record(tmp_path: Path) -> None:
    for name, numbers in {"whole": (1, 2, 3), "gap": (1, 3)}.items():
        old = sqlite3.connect(tmp_path / name, isolation_level=None)
        old.executescript(
            "CREATE TABLE entries (seq INTEGER PRIMARY KEY, at REAL, kind TEXT, body BLOB) STRICT;"
            "CREATE TABLE snapshot (id INTEGER PRIMARY KEY, seq INTEGER, at REAL, body BLOB) STRICT;"
            "CREATE TABLE keys (hash BLOB PRIMARY KEY, at REAL) STRICT, WITHOUT ROWID; PRAGMA user_version = 1;"
        )
        rows = [(number, 1.0, "records", b'[{"processing_type":"full"}]') for number in numbers]
        old.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
        old.close()
        journal = Journal(tmp_path / name)
        assert (journal.mended.lost if journal.mended else 0) == 3 - len(numbers)
        journal.append([Entry(2.0, "records", b'[{"processing_type":"full"}]', 1)])
        assert len([entry for entry in journal.entries() if entry.kind == "records"]) == len(numbers) + 1
        journal.close()
        again = Journal(tmp_path / name)
        assert again.mended is None
        again.close()


def test_a_journal_that_was_taken_away_is_told_by_how_many_records_it_had(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append([Entry(1.0, "events", b"[]", 131)])
    journal.close()
    (tmp_path / "j.sqlite").unlink()
    again = Journal(tmp_path / "j.sqlite")
    assert (again.before, again.mended) == (131, None)
    again.close()
    third = Journal(tmp_path / "j.sqlite")
    assert third.before == 0
    third.close()
