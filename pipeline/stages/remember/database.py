"""The SQLite file: opened, checked, locked, and every error of it turned into a sentence that says how to mend it.

One connection serves all threads of a process, one at a time; other processes are waited for (WAL mode, so that they
read while one writes). Every change is one transaction that takes the write lock at its start.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import StageError

SCHEMA_VERSION = 1
APPLICATION_ID = 0x70697065  # "pipe": tells our files from other programs'
WAIT_SECONDS = 30.0  # for another process that writes; its transactions take milliseconds
_OPENING_TRIES = 20

_SCHEMA = """
CREATE TABLE outcomes (
    content_hash TEXT NOT NULL, config_hash TEXT NOT NULL, source TEXT NOT NULL, outcome BLOB NOT NULL,
    stored_at REAL NOT NULL, PRIMARY KEY (content_hash, config_hash)
) WITHOUT ROWID;
CREATE TABLE items (
    id INTEGER PRIMARY KEY, content_hash TEXT NOT NULL UNIQUE, source TEXT NOT NULL, title TEXT, text TEXT NOT NULL,
    summary TEXT NOT NULL, content_type TEXT, overall REAL, coherence REAL, completeness REAL, informativeness REAL,
    remembered_at REAL NOT NULL
);
CREATE VIRTUAL TABLE items_text USING fts5(
    title, summary, text, content='items', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER items_added AFTER INSERT ON items BEGIN
    INSERT INTO items_text (rowid, title, summary, text) VALUES (new.id, new.title, new.summary, new.text);
END;
CREATE TRIGGER items_changed AFTER UPDATE ON items BEGIN
    INSERT INTO items_text (items_text, rowid, title, summary, text)
        VALUES ('delete', old.id, old.title, old.summary, old.text);
    INSERT INTO items_text (rowid, title, summary, text) VALUES (new.id, new.title, new.summary, new.text);
END;
CREATE TABLE vectors (content_hash TEXT PRIMARY KEY, vector BLOB NOT NULL, revision INTEGER NOT NULL UNIQUE);
CREATE TABLE nodes (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, label TEXT NOT NULL, UNIQUE (kind, key)
);
CREATE TABLE edges (
    source INTEGER NOT NULL, target INTEGER NOT NULL, relation TEXT NOT NULL, weight REAL NOT NULL,
    PRIMARY KEY (source, target, relation)
) WITHOUT ROWID;
CREATE INDEX edges_by_target ON edges (target, source);
"""


class Database:
    """A file with our schema. Use `reading()` and `writing()`; close it."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises StageError("storage")."""
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path, str(error.strerror)) from None
        with self._translated():
            self._connection = sqlite3.connect(
                path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._translated():
                self._prepare()
        except StageError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; what was written stays."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread. Raises StageError("storage") for what goes wrong inside."""
        with self._lock, self._translated():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction: all of it is kept, or, after an error, nothing."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _prepare(self) -> None:
        self._expect_ours()
        self._use_wal()
        self._connection.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing, a power cut seconds
        with self.writing() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _expect_ours(self) -> None:
        query = self._connection.execute
        version, owner = query("PRAGMA user_version").fetchone()[0], query("PRAGMA application_id").fetchone()[0]
        foreign = owner != APPLICATION_ID and query("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if foreign:
            raise StageError("storage", f"{self.path} belongs to another program: set memory.path to another file.")
        if version > SCHEMA_VERSION:
            raise StageError(
                "storage",
                f"{self.path} was written by a newer pipemeter (schema {version}, this one knows {SCHEMA_VERSION}): "
                "upgrade pipemeter, or set memory.path to another file.",
            )

    def _use_wal(self) -> None:
        # changing the mode needs the file alone and does not wait for others; taking the write lock does
        for _ in range(_OPENING_TRIES):
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute("ROLLBACK")
            else:
                return

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(self.path, error) from None


def _statements(script: str) -> Iterator[str]:
    """Give the statements of a script; `executescript` would commit the transaction around it."""
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _explained(path: Path, error: sqlite3.Error) -> StageError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StageError(
            "storage", f"{path} is damaged ({error}): move it away with `mv {path} {path}.damaged`, then run again."
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StageError(
            "storage", f"{path} is kept locked by another process: end it, then try again.", retryable=True
        )
    if primary == sqlite3.SQLITE_FULL:
        return StageError("storage", f"{path} cannot grow, the disk is full: free some space, then try again.")
    return _unwritable(path, str(error))


def _unwritable(path: Path, reason: str) -> StageError:
    return StageError(
        "storage",
        f"{path} cannot be used ({reason}): check that its folder exists and may be written, "
        "or set memory.path to another file.",
    )
