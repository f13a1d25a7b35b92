from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pipeline.stages.remember import Memory, RememberedItem
from pipeline.stages.remember.search import full_text


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    path = tmp_path / "memory.sqlite"
    with Memory(path) as memory:
        for name, text in (
            ("dam", "The dam above the city council broke."),
            ("bridge", "A bridge and a city. The council."),
        ):
            memory.remember(RememberedItem(name, f"{name}.txt", text, f"about a {name}", title=f"The {name}"))
    return sqlite3.connect(path)


def found(connection: sqlite3.Connection, query: str, limit: int = 9) -> list[str]:
    try:
        return [hit.content_hash for hit in full_text(connection, query, limit)]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("query", "hashes"),
    [
        ('"city council"', ["dam"]),
        ("city NOT dam", ["bridge"]),
        ("bri*", ["bridge"]),
        ("title: dam", ["dam"]),
        ("broke OR nowhere", ["dam"]),
        ("nowhere", []),
        ("", []),
        ("!?", []),
    ],
)
def test_the_query_language_is_that_of_fts5(connection: sqlite3.Connection, query: str, hashes: list[str]) -> None:
    assert found(connection, query) == hashes


@pytest.mark.parametrize(
    ("query", "hashes"),
    [
        ('"city dam', ["dam"]),
        ("city AND", ["bridge"]),
        ("(dam city", ["dam"]),
        ("nocolumn: dam", []),
        ("dam-city", ["dam"]),
    ],
)
def test_what_is_no_query_is_taken_as_words_that_must_all_occur(
    connection: sqlite3.Connection, query: str, hashes: list[str]
) -> None:
    assert found(connection, query) == hashes


def test_a_hit_shows_the_words_around_the_match_and_scores_more_where_it_fits_better(
    connection: sqlite3.Connection,
) -> None:
    best, other = full_text(connection, "city", 9)
    connection.close()
    assert best.score >= other.score > 0
    assert "[city]" in best.snippet
    assert {best.title, other.title} == {"The dam", "The bridge"}


def test_no_more_hits_are_given_than_asked_for(connection: sqlite3.Connection) -> None:
    assert len(full_text(connection, "city", 1)) == 1
    assert found(connection, "city", 0) == []


def test_a_fault_of_the_file_is_not_taken_for_one_of_the_query(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout = 0")
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            full_text(connection, "city", 9)
    other.close()
    connection.close()
