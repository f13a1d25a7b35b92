"""What a text says: a summary, keywords and claims; points of view; possible fallacies."""

from __future__ import annotations

from pipeline.stages.analyze.analyst import Analyst
from pipeline.stages.analyze.summary import summarize

__all__ = ["Analyst", "summarize"]
