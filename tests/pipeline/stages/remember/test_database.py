from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.stages.remember import Memory, RememberedItem
from pipeline.stages.remember.database import SCHEMA_VERSION, Database


def refusal(path: Path) -> StageError:
    with pytest.raises(StageError) as raised:
        Memory(path)
    return raised.value


def test_a_file_of_a_newer_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    Memory(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    error = refusal(path)
    assert error.error_type == "storage"
    assert str(path) in str(error)
    assert "upgrade pipemeter" in str(error)


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    assert "another program" in str(refusal(path))
    assert path.read_bytes() == before


def test_what_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    path.write_bytes(b"this is a letter to my aunt, and no database at all" * 100)
    error = refusal(path)
    assert error.error_type == "storage"
    assert f"mv {path}" in str(error)


def test_damage_inside_is_found_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with Memory(path) as memory:
        for number in range(200):
            memory.remember(RememberedItem(str(number), "s", "words " * 200, "summary"))
    content = bytearray(path.read_bytes())
    for start in range(4096 * 8, len(content) - 4096, 4096 * 2):
        content[start : start + 2000] = b"\xff" * 2000
    path.write_bytes(bytes(content))
    with pytest.raises(StageError, match="damaged") as raised, Memory(path) as memory:
        memory.check()
    assert raised.value.error_type == "storage"


def test_a_folder_in_place_of_the_file_is_a_storage_error(tmp_path: Path) -> None:
    assert refusal(tmp_path).error_type == "storage"
    assert str(tmp_path) in str(refusal(tmp_path))


def test_a_file_in_place_of_the_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refusal(tmp_path / "file" / "memory.sqlite")
    assert error.error_type == "storage"
    assert "memory.path" in str(error)


def test_an_empty_file_becomes_a_memory(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    path.touch()
    with Memory(path) as memory:
        assert memory.check().startswith("0 items")


_FILLING = """
import resource, sys
from pathlib import Path
from pipeline.errors import StageError
from pipeline.stages.remember import Memory, RememberedItem
with Memory(Path(sys.argv[1])) as memory:
    memory.remember(RememberedItem("first", "s", "kept", ""))
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        for number in range(1000):
            memory.remember(RememberedItem(str(number), "s", f"{number} words " * 2000, ""))
    except StageError as error:
        print(error.error_type, error)
    print(len(memory.search("kept")))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
def test_a_file_that_cannot_grow_is_a_storage_error_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    done = subprocess.run([sys.executable, "-c", _FILLING, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    error, kept = done.stdout.strip().splitlines()
    assert error.startswith(f"storage {path}")
    assert kept == "1"


def fail_half_way(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO nodes (kind, key, label) VALUES ('item', 'a', 'a')")
        raise RuntimeError


def test_a_change_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "memory.sqlite")
    with pytest.raises(RuntimeError):
        fail_half_way(database)
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM nodes").fetchone()[0] == 0
    database.close()


def test_a_memory_that_was_closed_says_so(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.sqlite")
    memory.close()
    with pytest.raises(StageError) as raised:
        memory.known("a", "b")
    assert raised.value.error_type == "storage"


def test_a_lock_that_is_never_released_is_a_storage_error_worth_a_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "memory.sqlite"
    monkeypatch.setattr("pipeline.stages.remember.database.WAIT_SECONDS", 0.05)
    with Memory(path) as memory:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StageError, match="locked by another process") as raised:
            memory.store_outcome("a", "c", "s", b"", 0.0)
        other.close()
    assert raised.value.error_type == "storage"
    assert raised.value.retryable
