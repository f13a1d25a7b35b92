"""Vectors kept as float32 blobs, and a matrix of them all in memory for searching; only what changed is read again."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
_FIRST_CAPACITY = 256


def unit(values: Sequence[float] | Vector) -> Vector | None:
    """Return the vector with length 1, or None for one without a direction (empty, all zero, not finite)."""
    vector = np.asarray(values, dtype=np.float32).ravel()
    length = float(np.linalg.norm(vector)) if vector.size else 0.0
    return vector / np.float32(length) if np.isfinite(length) and length > 0 else None


def store(connection: sqlite3.Connection, content_hash: str, vector: Vector) -> None:
    """Keep a vector under the next revision number, inside the caller's transaction; nothing if it is kept already."""
    connection.execute(
        "INSERT INTO vectors (content_hash, vector, revision) "
        "VALUES (?, ?, (SELECT coalesce(max(revision), 0) + 1 FROM vectors)) "
        "ON CONFLICT (content_hash) DO UPDATE SET vector = excluded.vector, revision = excluded.revision "
        "WHERE vectors.vector != excluded.vector",
        (content_hash, vector.astype("<f4").tobytes()),
    )


class VectorIndex:
    """A matrix per dimension (a change of the embedding model changes it). May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = 0  # the last revision that was read
        self._blocks: dict[int, _Block] = {}
        self._dimension: dict[str, int] = {}

    def refresh(self, connection: sqlite3.Connection) -> None:
        """Read what was stored since the last time, by any process. Only committed rows may be visible."""
        with self._lock:
            rows = connection.execute(
                "SELECT content_hash, vector, revision FROM vectors WHERE revision > ? ORDER BY revision", (self._seen,)
            )
            for content_hash, blob, revision in rows:
                self._put(content_hash, np.frombuffer(blob, dtype="<f4"))
                self._seen = revision

    def nearest(self, vector: Vector, limit: int, *, without: str | None = None) -> list[tuple[str, float]]:
        """Return (content hash, cosine) of the `limit` nearest, best first, among vectors of the same dimension."""
        with self._lock:
            block = self._blocks.get(vector.size)
            return block.nearest(vector, limit, without) if block else []

    def _put(self, content_hash: str, vector: Vector) -> None:
        before = self._dimension.get(content_hash)
        if before not in (None, vector.size):
            self._blocks[before].put(content_hash, np.zeros(before, dtype=np.float32))
        self._dimension[content_hash] = vector.size
        self._blocks.setdefault(vector.size, _Block(vector.size)).put(content_hash, vector)


class _Block:
    """The vectors of one dimension, one a row; a row of zeros is a vector that has gone."""

    def __init__(self, dimension: int) -> None:
        self._matrix = np.zeros((_FIRST_CAPACITY, dimension), dtype=np.float32)
        self._row: dict[str, int] = {}
        self._keys: list[str] = []

    def put(self, key: str, vector: Vector) -> None:
        row = self._row.setdefault(key, len(self._keys))
        if row == len(self._keys):
            self._keys.append(key)
            if row == len(self._matrix):
                self._matrix = np.vstack([self._matrix, np.zeros_like(self._matrix)])
        self._matrix[row] = vector

    def nearest(self, vector: Vector, limit: int, without: str | None) -> list[tuple[str, float]]:
        scores = self._matrix[: len(self._keys)] @ vector
        wanted = min(len(scores), limit + (without in self._row))
        if wanted <= 0:
            return []
        top = np.argpartition(-scores, wanted - 1)[:wanted]
        ordered = sorted(top.tolist(), key=lambda row: (-scores[row], row))
        found = [(self._keys[row], float(scores[row])) for row in ordered if self._keys[row] != without and scores[row]]
        return found[:limit]
