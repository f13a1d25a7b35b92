from __future__ import annotations

import pytest

from pipeline.decisions.quality import QualityThresholds, QualityVerdict, judge
from pipeline.item import Scores

THRESHOLDS = QualityThresholds(0.65, 0.61, 0.62, 0.63)


def test_a_score_equal_to_its_threshold_passes() -> None:
    assert judge(Scores(0.65, 0.61, 0.62, 0.63), THRESHOLDS) == QualityVerdict(False, 0.0, ())


@pytest.mark.parametrize(
    ("scores", "failed", "margin"),
    [
        (Scores(0.64, 0.9, 0.9, 0.9), ("overall",), -0.01),
        (Scores(0.9, 0.5, 0.9, 0.9), ("coherence",), -0.11),
        (Scores(0.9, 0.9, 0.5, 0.5), ("completeness", "informativeness"), -0.13),
    ],
)
def test_the_worst_dimension_decides(scores: Scores, failed: tuple[str, ...], margin: float) -> None:
    verdict = judge(scores, THRESHOLDS)
    assert (verdict.below, verdict.failed) == (True, failed)
    assert verdict.margin == pytest.approx(margin)
