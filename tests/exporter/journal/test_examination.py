from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.journal.entries import Entry, key_hash
from exporter.journal.errors import JournalDamagedError, JournalError
from exporter.journal.examination import examine
from exporter.journal.journal import Journal

TWO = Entry(5.0, "records", b'[{"processing_type":"full"},{"processing_type":"full"}]', 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with a snapshot and two entries, closed."""
    journal = Journal(tmp_path / "j.sqlite")
    journal.append([TWO], [key_hash("a")], 1000.0)
    journal.compact(b"", 1000.0)
    journal.append([TWO, TWO], [key_hash("b")], 1001.0)
    journal.close()
    return journal.path


def changed(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


def test_what_is_whole_is_told_by_its_numbers(path: Path) -> None:
    found = examine(path)
    assert found
    assert (found.version, found.entries, found.keys, found.total, found.snapshot_at) == (2, 2, 2, 6, 1000.0)
    assert found.journal_id > 0


def test_nothing_yet_is_no_damage(tmp_path: Path) -> None:
    assert examine(tmp_path / "none") is None
    (tmp_path / "empty").write_bytes(b"")
    assert examine(tmp_path / "empty") is None
    begun = sqlite3.connect(tmp_path / "begun")
    begun.execute("PRAGMA journal_mode = WAL")
    begun.close()
    found = examine(tmp_path / "begun")
    assert found
    assert (found.version, found.entries, found.total) == (0, 0, None)


def test_it_reads_and_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    examine(path)
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.glob("j.sqlite*")} <= {"j.sqlite", "j.sqlite-wal", "j.sqlite.lock"}


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            lambda path: changed(path, "UPDATE entries SET body = x'5b5d' WHERE seq = 3"),
            "entry 3 is not what was written",
        ),
        (lambda path: changed(path, "UPDATE entries SET total = 7 WHERE seq = 3"), "entry 3 is not what was written"),
        (lambda path: changed(path, "UPDATE entries SET seq = 9 WHERE seq = 3"), "entry 9 is not what was written"),
        (lambda path: changed(path, "DELETE FROM entries WHERE seq = 2"), "entries before 3 are missing"),
        (lambda path: changed(path, "UPDATE snapshot SET body = x'c1'"), "its snapshot is not what was written"),
        (lambda path: changed(path, "DELETE FROM snapshot"), "entries before 2 are missing"),
        (lambda path: changed(path, "DROP TABLE keys"), "its tables are not those of format 2"),
        (
            lambda path: changed(path, "ALTER TABLE entries ADD COLUMN x INTEGER"),
            "its tables are not those of format 2",
        ),
        (lambda path: changed(path, "PRAGMA user_version = 0"), "its tables are not those of format 0"),
        (lambda path: changed(path, "PRAGMA user_version = -5"), "its tables are not those of format -5"),
        (lambda path: changed(path, "PRAGMA user_version = 70000"), "its tables are not those of format 70000"),
        (lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]), "not a database"),
        (lambda path: path.write_bytes(path.read_bytes()[:18] + b"\7\7" + path.read_bytes()[20:]), "its header"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:4096] + bytes(4096) + path.read_bytes()[8192:]),
            "is damaged: ",
        ),
    ],
)
def test_each_harm_is_found_and_said(path: Path, harm: Callable[[Path], object], said: str) -> None:
    harm(path)
    with pytest.raises(JournalDamagedError, match=said):
        examine(path)


@pytest.mark.parametrize("state", ["is gone", "is empty"])
def test_a_log_without_its_file_is_damage_for_sqlite_would_throw_it_away(tmp_path: Path, state: str) -> None:
    (tmp_path / "j.sqlite-wal").write_bytes(b"x" * 5000)
    if state == "is empty":
        (tmp_path / "j.sqlite").write_bytes(b"")
    with pytest.raises(JournalDamagedError, match=f"{state}, though its write-ahead log is there"):
        examine(tmp_path / "j.sqlite")


@pytest.mark.parametrize("version", [3, 100])
def test_a_newer_version_is_no_damage(path: Path, version: int) -> None:
    changed(path, f"PRAGMA user_version = {version}")
    with pytest.raises(JournalError, match=f"format {version}, this one knows 2") as caught:
        examine(path)
    assert not isinstance(caught.value, JournalDamagedError)
