"""What was processed, found again: outcomes, texts, vectors, a graph in one SQLite file, with Qdrant if wanted."""

from __future__ import annotations

from pipeline.stages.remember.memory import Memory, memory_path
from pipeline.stages.remember.qdrant import QdrantIndex, open_qdrant
from pipeline.stages.remember.values import Hit, Neighbour, RememberedItem

__all__ = ["Hit", "Memory", "Neighbour", "QdrantIndex", "RememberedItem", "memory_path", "open_qdrant"]
