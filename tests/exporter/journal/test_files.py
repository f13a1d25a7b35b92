from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.journal.errors import JournalDamagedError, JournalError
from exporter.journal.files import (
    Footing,
    Lock,
    connect,
    damage,
    finish_placing,
    is_broken,
    note_beside,
    open_database,
    put_in_place,
    successor,
)

DAY = 1_767_225_600.0  # 2026-01-01


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = open_database(tmp_path / "j", "normal")
    yield made
    made.close()


def id_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA application_id").fetchone()[0])


def test_each_journal_has_an_id_of_its_own_which_stays(db: sqlite3.Connection, tmp_path: Path) -> None:
    other = open_database(tmp_path / "k", "normal")
    assert 0 < id_of(db) != id_of(other) > 0
    first = id_of(other)
    other.close()
    again = open_database(tmp_path / "k", "full")
    assert id_of(again) == first
    again.close()


def test_no_file_holds_the_index_of_the_log_and_another_process_is_kept_out(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    db.execute("INSERT INTO keys VALUES (x'00', 1.0)")
    assert {path.name for path in tmp_path.iterdir()} == {"j", "j-wal", "state"} - (
        set() if (tmp_path / "state").exists() else {"state"}
    )
    second = connect(tmp_path / "j")  # of the same process: it sees the same log
    assert second.execute("SELECT count(*) FROM keys").fetchone() == (1,)
    second.close()


def test_a_path_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "what? 100% #1 é\udcff.sqlite"
    made = open_database(path, "normal")
    made.close()
    assert path.exists()


def test_a_format_of_version_1_is_upgraded_and_keeps_its_rows(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old", isolation_level=None)
    old.executescript(
        "CREATE TABLE entries (seq INTEGER PRIMARY KEY, at REAL, kind TEXT, body BLOB) STRICT;"
        "CREATE TABLE snapshot (id INTEGER PRIMARY KEY, seq INTEGER, at REAL, body BLOB) STRICT;"
        "CREATE TABLE keys (hash BLOB PRIMARY KEY, at REAL) STRICT, WITHOUT ROWID;"
        "INSERT INTO entries VALUES (1, 2.0, 'events', x'5b5d'); PRAGMA user_version = 1;"
    )
    old.close()
    made = open_database(tmp_path / "old", "normal")
    assert made.execute("SELECT * FROM entries").fetchall() == [(1, 2.0, "events", b"[]", None, None)]
    assert made.execute("PRAGMA user_version").fetchone() == (2,)
    made.close()


def test_a_lock_is_one_process_s_and_its_note_stays_behind(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "j")
    assert lock.noted() is None
    lock.note(7, 131)
    child = os.fork()
    if child == 0:
        try:
            Lock(tmp_path / "j")
        except JournalError as error:
            os._exit(42 if "belongs to another running exporter" in str(error) else 1)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    lock.release()
    assert note_beside(tmp_path / "j") == Lock(tmp_path / "j").noted() == (7, 131)


def test_a_note_that_is_none_is_none(tmp_path: Path) -> None:
    assert note_beside(tmp_path / "j") is None
    for content in (b"", b"pmj2", b"x" * 16, b"pmj2" + bytes(13)):
        (tmp_path / "j.lock").write_bytes(content)
        assert note_beside(tmp_path / "j") is None


def test_a_lock_whose_file_was_taken_away_does_not_stand(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "j")
    assert lock.stands()
    (tmp_path / "j.lock").unlink()
    assert not lock.stands()
    (tmp_path / "j.lock").write_bytes(b"")
    assert not lock.stands()
    lock.release()


def test_footing_is_lost_with_either_file_and_by_what_happened_to_it(db: sqlite3.Connection, tmp_path: Path) -> None:
    path, log = tmp_path / "j", tmp_path / "j-wal"
    footing = Footing(path, id_of(db))
    db.execute("INSERT INTO keys VALUES (x'00', 1.0)")
    assert footing.trouble() is None
    kept = log.read_bytes()
    os.truncate(log, 10)
    assert str(footing.trouble()).startswith(f"{log} was cut short, from {len(kept)} to 10 bytes")
    log.write_bytes(kept)
    assert footing.trouble() is None
    log.rename(tmp_path / "log")
    assert footing.trouble() == f"{log} is gone"
    shutil.copy(tmp_path / "log", log)
    assert footing.trouble() == f"{log} is another file than was opened"
    (tmp_path / "log").rename(log)
    with path.open("r+b") as file:
        file.seek(68)
        file.write(b"abcd")
    assert footing.trouble() == f"{path} was overwritten by something else"
    footing.close()


def test_a_log_that_we_emptied_ourselves_was_not_cut_short(db: sqlite3.Connection, tmp_path: Path) -> None:
    footing = Footing(tmp_path / "j", id_of(db))
    db.execute("INSERT INTO keys VALUES (x'00', 1.0)")
    assert footing.trouble() is None
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    footing.emptied()
    assert footing.trouble() is None
    footing.close()


def test_a_successor_takes_the_place_and_what_stood_there_gets_a_dated_name(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    for number in range(3):
        successor(path).write_text(f"new {number}")
        kept = put_in_place(path, DAY)
        assert path.read_text() == f"new {number}"
        assert kept == (tmp_path / f"j.sqlite.damaged-20260101T000000Z{['', '', '-2'][number]}" if number else None)
    path.unlink()
    Path(f"{path}-wal").write_text("a log alone")
    successor(path).write_text("new")
    kept = put_in_place(path, DAY + 1)
    assert kept
    assert Path(f"{kept}-wal").read_text() == "a log alone"


def test_a_successor_that_a_kill_left_beside_is_put_in_place_only_where_nothing_stands(tmp_path: Path) -> None:
    path = tmp_path / "j"
    successor(path).write_text("whole")
    finish_placing(path)
    assert (path.read_text(), successor(path).exists()) == ("whole", False)
    successor(path).write_text("not needed")
    finish_placing(path)
    assert (path.read_text(), successor(path).exists()) == ("whole", False)


def test_damage_is_what_stands_in_the_file_not_what_is_around_it(tmp_path: Path) -> None:
    (tmp_path / "junk").write_bytes(b"junk" * 3000)
    junk = connect(tmp_path / "junk", "ro")
    with pytest.raises(JournalDamagedError, match="not a database"), damage(tmp_path / "junk"):
        junk.execute("SELECT * FROM entries")
    junk.close()
    with pytest.raises(sqlite3.OperationalError) as caught, damage(tmp_path / "none"):
        connect(tmp_path / "none", "ro").execute("SELECT 1")
    assert not is_broken(caught.value)
