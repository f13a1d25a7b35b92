"""The quality filter: whether a text deserves the expensive stages."""

from __future__ import annotations

import msgspec

from pipeline.events import Ratio
from pipeline.item import Dimension, Scores


class QualityThresholds(msgspec.Struct, frozen=True):
    """The least score, 0..1, that each dimension must reach."""

    min_overall: Ratio = 0.65
    min_coherence: Ratio = 0.60
    min_completeness: Ratio = 0.60
    min_informativeness: Ratio = 0.60


class QualityVerdict(msgspec.Struct, frozen=True):
    """Whether the scores are below a threshold. `margin`: the least of score minus threshold, -1..1."""

    below: bool
    margin: float
    failed: tuple[Dimension, ...]


def judge(scores: Scores, thresholds: QualityThresholds) -> QualityVerdict:
    """Compare the scores with the thresholds; a score equal to its threshold passes."""
    margins: dict[Dimension, float] = {
        "overall": scores.overall - thresholds.min_overall,
        "coherence": scores.coherence - thresholds.min_coherence,
        "completeness": scores.completeness - thresholds.min_completeness,
        "informativeness": scores.informativeness - thresholds.min_informativeness,
    }
    margins = {dimension: round(margin, 9) for dimension, margin in margins.items()}  # so that an edge is an edge
    failed = tuple(dimension for dimension, margin in margins.items() if margin < 0)
    return QualityVerdict(below=bool(failed), margin=min(margins.values()), failed=failed)
