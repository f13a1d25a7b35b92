"""What goes into the memory and what comes out of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.item import Scores

NodeKind = Literal["item", "keyword", "claim", "perspective", "person", "type"]
Relation = Literal["mentions", "claims", "presents", "holds", "is_a", "similar_to"]


class RememberedItem(msgspec.Struct, frozen=True):
    """A finished item as it is kept. `content_hash` is its identity: remembering it again replaces it."""

    content_hash: str
    source: str
    text: str
    summary: str
    title: str | None = None
    content_type: str | None = None
    scores: Scores | None = None
    embedding: tuple[float, ...] = ()  # of the whole text; () if there is none
    remembered_at: float = 0.0  # Unix seconds


class Hit(msgspec.Struct, frozen=True):
    """An item that was found. `score` is greater for a better one: cosine (-1..1) or, for full text, minus BM25."""

    content_hash: str
    title: str | None
    source: str
    content_type: str | None
    summary: str
    score: float
    snippet: str = ""  # of full-text hits: the words around the match, which stands in [brackets]


class Neighbour(msgspec.Struct, frozen=True):
    """A node of the graph near an item: over how many edges, and by which relation the last one leads to it."""

    kind: NodeKind
    key: str  # of an item its content hash
    label: str
    relation: Relation
    weight: float
    depth: int


def storable(text: str) -> str:
    """Return the text with a question mark for what UTF-8 cannot hold (lone surrogates of damaged input)."""
    return text.encode("utf-8", "replace").decode("utf-8")
