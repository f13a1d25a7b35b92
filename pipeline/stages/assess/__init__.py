"""Quality assessment: how good a transcript is, and what kind of content it holds. The formulas: docs/quality.md."""

from __future__ import annotations

from pipeline.stages.assess.assess import Assessor
from pipeline.stages.assess.content_type import BUILT_IN_TYPES
from pipeline.stages.assess.embeddings import Embedder

__all__ = ["BUILT_IN_TYPES", "Assessor", "Embedder"]
