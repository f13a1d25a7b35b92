"""Full-text search by FTS5, whose query language people may use and need not know."""

from __future__ import annotations

import re
import sqlite3

from pipeline.stages.remember.values import Hit

_QUERY = """
SELECT i.content_hash, i.title, i.source, i.content_type, i.summary, -bm25(items_text, 5.0, 3.0, 1.0) AS score,
       snippet(items_text, -1, '[', ']', '…', 16)
FROM items_text JOIN items i ON i.id = items_text.rowid
WHERE items_text MATCH ? ORDER BY score DESC, i.id LIMIT ?
"""
_TOKEN = re.compile(r"\w+")


def full_text(connection: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    """Return hits, best first.

    The query is taken as FTS5 syntax (`bridge AND "city council"`, `flood*`, `title: dam`); one that is not valid there
    is taken as plain words that must all occur.
    """
    words = _TOKEN.findall(query)
    if not words or limit <= 0:
        return []
    try:
        rows = connection.execute(_QUERY, (query, limit)).fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # not the query: the file
            raise
        rows = connection.execute(_QUERY, (" ".join(f'"{word}"' for word in words), limit)).fetchall()
    return [Hit(*row) for row in rows]
