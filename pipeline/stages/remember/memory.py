"""The memory: what was done with which content, the texts, their vectors, and how they hang together.

One object per process, used from any thread; several processes may use the same file at once. Whatever is stored
twice under the same content hash replaces what was there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.errors import StageError
from pipeline.item import Analysis, Perspectives
from pipeline.settings import MemorySettings
from pipeline.stages.remember import graph
from pipeline.stages.remember.database import SCHEMA_VERSION, Database
from pipeline.stages.remember.qdrant import QdrantIndex
from pipeline.stages.remember.search import full_text
from pipeline.stages.remember.values import Hit, Neighbour, RememberedItem, storable
from pipeline.stages.remember.vectors import VectorIndex, store, unit
from pipeline.state import state_dir

NEAR = 0.5  # cosine of two texts that are about the same; of unrelated ones 95 % lie below 0.32 (docs/memory.md)
MOST_NEAR = 5
_COUNTED = ("items", "outcomes", "vectors", "edges")
_ITEM_COLUMNS = (
    "content_hash, source, title, text, summary, content_type, overall, coherence, completeness, informativeness, "
    "remembered_at"
)


def memory_path(settings: MemorySettings) -> Path:
    """Return the file of the memory: the one that is configured, else one in the state folder."""
    return Path(settings.path).expanduser() if settings.path else state_dir() / "memory.sqlite"


class Memory:
    """An SQLite file, with a Qdrant collection beside it if one is given. Close it, or use it as a context manager.

    Every method raises StageError("storage") when the file cannot be used; the message says how to mend it.
    """

    def __init__(self, path: Path, qdrant: QdrantIndex | None = None) -> None:
        """Open or create `path`, with its folder. `qdrant` is closed with this."""
        self._qdrant = qdrant
        self._vectors = VectorIndex()
        self._database = Database(path)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and the connection to Qdrant."""
        self._database.close()
        if self._qdrant:
            self._qdrant.close()

    def known(self, content_hash: str, config_hash: str) -> bytes | None:
        """Return the outcome stored for this content under this configuration, or None."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT outcome FROM outcomes WHERE content_hash = ? AND config_hash = ?", (content_hash, config_hash)
            ).fetchone()
        return bytes(row[0]) if row else None

    def store_outcome(self, content_hash: str, config_hash: str, source: str, outcome: bytes, now: float) -> None:
        """Keep what became of an item (bytes of the caller's own) at `now`, in Unix seconds."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO outcomes (content_hash, config_hash, source, outcome, stored_at) "
                "VALUES (?, ?, ?, ?, ?)",
                (content_hash, config_hash, storable(source), outcome, now),
            )

    def remember(self, item: RememberedItem) -> None:
        """Keep an item: its text for searching, its vector for finding what is near.

        With Qdrant the vector goes there too; what goes wrong there is a StageError of its own kind, after the file has
        been written.
        """
        item = _storable(item)
        vector = unit(item.embedding)
        scores = msgspec.structs.astuple(item.scores) if item.scores else (None,) * 4
        row = (item.content_hash, item.source, item.title, item.text, item.summary, item.content_type, *scores)
        names = _ITEM_COLUMNS.split(", ")
        changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        with self._database.writing() as connection:
            connection.execute(
                f"INSERT INTO items ({_ITEM_COLUMNS}) VALUES ({', '.join('?' * len(names))}) "  # noqa: S608 - constants
                f"ON CONFLICT (content_hash) DO UPDATE SET {changes}",
                (*row, item.remembered_at),
            )
            if vector is not None:
                store(connection, item.content_hash, vector)
        if self._qdrant and vector is not None:
            self._qdrant.upsert(item, vector)

    def connect(
        self,
        content_hash: str,
        analysis: Analysis | None = None,
        perspectives: Perspectives | None = None,
        *,
        title: str | None = None,
        content_type: str | None = None,
        embedding: Sequence[float] = (),
    ) -> None:
        """Put an item into the graph, in place of what is there of it; docs/memory.md lists the relations.

        `embedding` is the item's own: it is connected with up to five items whose cosine is at least 0.5. Needs nothing
        that `remember` writes, so that the two may run at once; of two items connected at the same time, the later one
        sees the earlier.
        """
        vector = unit(embedding)
        with self._database.writing() as connection:
            near: list[tuple[str, float]] = []
            if vector is not None:
                # before our own vector is stored: what a rolled-back transaction wrote must not stay in the index
                self._vectors.refresh(connection)
                found = self._vectors.nearest(vector, MOST_NEAR, without=content_hash)
                near = [(other, cosine) for other, cosine in found if cosine >= NEAR]
                store(connection, content_hash, vector)
            label = storable(title or content_hash)
            graph.rewrite(connection, content_hash, label, content_type, analysis, perspectives, near)

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the items whose title, summary or text match, best first. Any query is taken, valid FTS5 or not."""
        with self._database.reading() as connection:
            return full_text(connection, storable(query), limit)

    def nearest(self, vector: Sequence[float], limit: int = 10) -> list[Hit]:
        """Return the items with the nearest vectors, best first: of this file or, where it is configured, of Qdrant."""
        wanted = unit(vector)
        if wanted is None or limit <= 0:
            return []
        if self._qdrant:
            return self._qdrant.nearest(wanted, limit)
        with self._database.reading() as connection:
            self._vectors.refresh(connection)
            found = self._vectors.nearest(wanted, limit)
            hits = [_by_hash(connection, content_hash, score) for content_hash, score in found]
        return [hit for hit in hits if hit]

    def neighbours(self, content_hash: str, depth: int = 1, limit: int = 100) -> list[Neighbour]:
        """Return what an item is connected with over at most `depth` edges (1..4), nearest first."""
        with self._database.reading() as connection:
            return graph.neighbours(connection, content_hash, depth, limit)

    def check(self) -> str:
        """Return what is in the memory, for `doctor`. Raises StageError for a damaged file or a Qdrant out of reach."""
        with self._database.reading() as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED]  # noqa: S608
        if verdict != "ok":
            path = self._database.path
            raise StageError("storage", f"{path} is damaged ({verdict}): move it away, then run again.")
        items, outcomes, vectors, edges = counts
        found = f"{items} items, {vectors} vectors, {edges} graph edges, {outcomes} outcomes, schema {SCHEMA_VERSION}"
        return f"{found}; {self._qdrant.check()}" if self._qdrant else found


def _storable(item: RememberedItem) -> RememberedItem:
    return msgspec.structs.replace(
        item,
        source=storable(item.source),
        title=storable(item.title) if item.title is not None else None,
        text=storable(item.text),
        summary=storable(item.summary),
    )


def _by_hash(connection: sqlite3.Connection, content_hash: str, score: float) -> Hit | None:
    """Return an item as a hit; None if it has been connected, but not remembered yet."""
    row = connection.execute(
        "SELECT title, source, content_type, summary FROM items WHERE content_hash = ?", (content_hash,)
    ).fetchone()
    if row is None:
        return None
    title, source, content_type, summary = row
    return Hit(content_hash, title, source, content_type, summary, score)
