"""The graph: items, what they mention and claim, who holds which view, and which items are near each other.

Nodes are shared where they mean the same for all items (keywords, claims in the same words, types, people with a full
name); perspectives, and people known by one word only ("HOST", "Tom"), belong to their item.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

from pipeline.item import Analysis, Perspectives
from pipeline.stages.remember.values import Neighbour, NodeKind, Relation, storable

DEEPEST = 4  # edges from the start; beyond that nearly everything is connected with everything
LONGEST_LABEL_CHARS = 300
_FULL_NAME = re.compile(r"(?:[A-Z][\w.'\u2019-]*\s+)+[A-Z][\w.'\u2019-]*$")


class _Edges:
    """Adds nodes and edges inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, item: int) -> None:
        self._connection = connection
        self._item = item

    def add(self, kind: NodeKind, key: str, label: str, relation: Relation, weight: float) -> int:
        """Connect the item with a node, made if it is missing; return the node."""
        node = node_id(self._connection, kind, key, label)
        self.link(self._item, node, relation, weight)
        return node

    def link(self, source: int, target: int, relation: Relation, weight: float) -> None:
        self._connection.execute(
            "INSERT INTO edges (source, target, relation, weight) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (source, target, relation) DO UPDATE SET weight = max(weight, excluded.weight)",
            (source, target, relation, weight),
        )


def node_id(connection: sqlite3.Connection, kind: NodeKind, key: str, label: str) -> int:
    """Return the id of a node, made if it is missing."""
    key, label = storable(key), storable(label)[:LONGEST_LABEL_CHARS]
    connection.execute(
        "INSERT INTO nodes (kind, key, label) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (kind, key, label)
    )
    row = connection.execute("SELECT id FROM nodes WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return int(row[0])


def rewrite(
    connection: sqlite3.Connection,
    content_hash: str,
    title: str,
    content_type: str | None,
    analysis: Analysis | None,
    perspectives: Perspectives | None,
    near: Iterable[tuple[str, float]],
) -> None:
    """Replace all edges of an item, inside the caller's transaction. `near`: content hashes with their cosine."""
    item = node_id(connection, "item", content_hash, title)
    connection.execute("UPDATE nodes SET label = ? WHERE id = ?", (title[:LONGEST_LABEL_CHARS], item))
    _forget(connection, item)
    edges = _Edges(connection, item)
    if content_type:
        edges.add("type", content_type, content_type, "is_a", 1.0)
    if analysis:
        for rank, keyword in enumerate(analysis.keywords):
            edges.add("keyword", keyword.casefold(), keyword, "mentions", 1 / (1 + rank))
        for claim in analysis.claims:
            edges.add("claim", claim.text.casefold(), claim.text, "claims", claim.confidence)
    if perspectives:
        _add_perspectives(edges, connection, content_hash, perspectives)
    for other, cosine in near:
        edges.link(item, node_id(connection, "item", other, other), "similar_to", cosine)


def _add_perspectives(
    edges: _Edges, connection: sqlite3.Connection, content_hash: str, perspectives: Perspectives
) -> None:
    for number, view in enumerate(perspectives.perspectives):
        node = edges.add("perspective", f"{content_hash}:{number}", view.text, "presents", view.confidence)
        if view.holder:
            known = bool(_FULL_NAME.match(view.holder))
            key = view.holder.casefold() if known else f"{content_hash}:{view.holder.casefold()}"
            edges.link(node_id(connection, "person", key, view.holder), node, "holds", view.confidence)


def _forget(connection: sqlite3.Connection, item: int) -> None:
    """Take away the edges of an item, its perspectives, and nodes that nothing else is connected with."""
    targets = connection.execute("SELECT target FROM edges WHERE source = ?", (item,)).fetchall()
    views = connection.execute(
        "SELECT n.id FROM nodes n JOIN edges e ON e.target = n.id WHERE e.source = ? AND n.kind = 'perspective'",
        (item,),
    ).fetchall()
    holders = [
        holder
        for (view,) in views
        for holder in connection.execute("SELECT source FROM edges WHERE target = ? AND relation = 'holds'", (view,))
    ]
    connection.execute("DELETE FROM edges WHERE source = ?", (item,))
    connection.execute("DELETE FROM edges WHERE target = ? AND relation = 'similar_to'", (item,))
    connection.executemany("DELETE FROM edges WHERE target = ?", views)
    connection.executemany(
        "DELETE FROM nodes WHERE id = ?1 AND kind != 'item' "
        "AND NOT EXISTS (SELECT 1 FROM edges WHERE source = ?1) AND NOT EXISTS (SELECT 1 FROM edges WHERE target = ?1)",
        targets + holders,
    )


_WALK = """
WITH RECURSIVE walk (node, depth, relation, weight) AS (
    SELECT id, 0, '', 1.0 FROM nodes WHERE kind = 'item' AND key = :key
    UNION
    SELECT e.target, w.depth + 1, e.relation, e.weight FROM walk w JOIN edges e ON e.source = w.node
        WHERE w.depth < :depth AND w.relation != 'is_a'
    UNION
    SELECT e.source, w.depth + 1, e.relation, e.weight FROM walk w JOIN edges e ON e.target = w.node
        WHERE w.depth < :depth AND w.relation != 'is_a'
)
SELECT n.kind, n.key, coalesce(i.title, n.label) AS label, w.relation, max(w.weight) AS weight, w.depth
FROM walk w JOIN nodes n ON n.id = w.node LEFT JOIN items i ON n.kind = 'item' AND i.content_hash = n.key
WHERE w.depth = (SELECT min(depth) FROM walk WHERE node = w.node) AND w.depth > 0
GROUP BY w.node ORDER BY w.depth, weight DESC, n.kind, label LIMIT :limit
"""


def neighbours(connection: sqlite3.Connection, content_hash: str, depth: int, limit: int) -> list[Neighbour]:
    """Return the nodes within `depth` edges (1..4) of an item, nearest first; a type is reached, not gone through."""
    rows = connection.execute(
        _WALK, {"key": content_hash, "depth": max(1, min(depth, DEEPEST)), "limit": max(0, limit)}
    ).fetchall()
    return [Neighbour(*row) for row in rows]
