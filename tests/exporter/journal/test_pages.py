"""Pages read without SQLite hold what SQLite says they hold, and what is damaged never raises."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.journal.pages import rows_of

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, -1, 127, 128, 2**15, 2**23, 2**31, 2**47]),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    st.binary(max_size=40),
    st.integers(0, 30_000).map(bytes),
)
QUIET = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "db", isolation_level=None)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA wal_autocheckpoint = 0")
    yield made
    made.close()


def found(path: Path, columns: int) -> set[Any]:
    return {(rowid, *row) for rowid, row in rows_of(path) if rowid is not None and len(row) == columns}


@QUIET
@given(data=st.data(), page_bytes=st.sampled_from([512, 4096, 65536]))
def test_every_row_is_found_with_its_values(tmp_path: Path, data: st.DataObject, page_bytes: int) -> None:
    shutil.rmtree(tmp_path / "x", ignore_errors=True)
    (tmp_path / "x").mkdir()
    made = sqlite3.connect(tmp_path / "x" / "db", isolation_level=None)
    made.execute(f"PRAGMA page_size = {page_bytes}")
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("CREATE TABLE t (a, b, c)")
    rows = data.draw(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=20))
    for number, row in enumerate(rows):
        made.execute("INSERT INTO t VALUES (?, ?, ?)", row)
        if number == len(rows) // 2:
            made.execute("PRAGMA wal_checkpoint(PASSIVE)")
    wanted = {(rowid, *row) for rowid, *row in made.execute("SELECT rowid, a, b, c FROM t")}
    assert {repr(row) for row in wanted} <= {repr(row) for row in found(tmp_path / "x" / "db", 3)}
    made.close()


def test_what_was_not_committed_is_not_there(db: sqlite3.Connection, tmp_path: Path) -> None:
    db.execute("CREATE TABLE t (a, b, c)")
    db.execute("PRAGMA cache_size = 1")  # so that a transaction is written before its end
    db.execute("INSERT INTO t VALUES (1, 1, 1)")
    db.execute("BEGIN")
    db.executemany("INSERT INTO t VALUES (2, 2, ?)", [(bytes(3000),)] * 200)
    assert found(tmp_path / "db", 3) == {(1, 1, 1, 1)}
    db.execute("COMMIT")
    assert len(found(tmp_path / "db", 3)) == 201


def test_of_a_log_everything_but_the_damaged_frame_is_read(db: sqlite3.Connection, tmp_path: Path) -> None:
    db.execute("CREATE TABLE t (a, b, c)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for number in range(40):
        db.execute("INSERT INTO t VALUES (?, 0, ?)", (number, bytes(3000)))
    log = tmp_path / "db-wal"
    with log.open("r+b") as file:
        file.seek(log.stat().st_size // 2)
        file.write(b"\xff" * 64)
    assert len(found(tmp_path / "db", 3)) >= 39  # SQLite itself stops at the damage


def test_rows_of_an_index_without_rowids_are_found_too(db: sqlite3.Connection, tmp_path: Path) -> None:
    db.execute("CREATE TABLE k (hash BLOB PRIMARY KEY, at REAL) WITHOUT ROWID")
    keys = [random.Random(n).randbytes(16) for n in range(3000)]  # enough for inner pages, which hold keys as well
    db.executemany("INSERT INTO k VALUES (?, ?)", [(key, n / 2) for n, key in enumerate(keys)])
    assert {row[0] for rowid, row in rows_of(tmp_path / "db") if rowid is None} == set(keys)


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert list(rows_of(tmp_path / "not there")) == []
    for name, content in {"empty": b"", "short": b"SQLite format 3\0", "text": b"hello" * 5000}.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}-wal").write_bytes(content)
        assert list(rows_of(tmp_path / name)) == []


@QUIET
@given(seed=st.integers(0, 2**32))
def test_whatever_stands_in_the_files_nothing_is_raised(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    made = sqlite3.connect(tmp_path / "y", isolation_level=None)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("CREATE TABLE IF NOT EXISTS t (a, b, c)")
    made.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, "x", rng.randbytes(rng.randrange(9000))) for n in range(9)])
    for name in ("y", "y-wal"):
        content = bytearray((tmp_path / name).read_bytes())
        for _ in range(20):
            content[rng.randrange(len(content))] = rng.randrange(256)
        at = rng.randrange(len(content))
        content[at : at + 4000] = rng.randbytes(4000)
        (tmp_path / f"harmed-{name}").write_bytes(content)
    for _ in rows_of(tmp_path / "harmed-y"):
        pass
    made.close()
