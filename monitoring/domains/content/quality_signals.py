"""The signals of quality: what people got, and, where it is said, what all items were like."""

from __future__ import annotations

from monitoring.domains.signal import Signal, Term, buckets_of, count_of, sum_of
from pipeline.domains.content.families import QUALITY_SCORE

SPLIT = ("job", "content_type", "config_version")
ITEM_SPLIT = (*SPLIT, "processing_type")


def _scores(dimension: str, *ways: str) -> tuple[Term, Term]:
    """Return sum and count of one dimension's scores, of items that went these ways (without any: of all)."""
    where = {"dimension": (dimension,)} | ({"processing_type": ways} if ways else {})
    return sum_of(QUALITY_SCORE, **where), count_of(QUALITY_SCORE, **where)


def _quality(dimension: str, name: str, title: str) -> Signal:
    """Return the mean of items processed in full: what people got."""
    total, count = _scores(dimension, "full")
    text = f"Mean {dimension} score of items processed in full."
    return Signal(name, title, text, "mean", "score", (total,), (count,), good="high", splits=SPLIT)


_TOTAL, _COUNT = _scores("overall")

QUALITY: tuple[Signal, ...] = (
    _quality("overall", "quality_score_avg", "Mean quality"),
    Signal(
        "quality_score_scored_avg",
        "Mean quality of all",
        "Mean overall score of all scored items, whichever way they went: what a content type is like.",
        "mean",
        "score",
        (_TOTAL,),
        (_COUNT,),
        good="high",
        splits=ITEM_SPLIT,
    ),
    _quality("coherence", "coherence_avg", "Mean coherence"),
    _quality("completeness", "completeness_avg", "Mean completeness"),
    _quality("informativeness", "informativeness_avg", "Mean informativeness"),
)
GOOD_QUALITY = Signal(
    "quality_above_070_share",
    "Items of good quality",
    "Items processed in full that scored above 0.70, of those that were scored.",
    "share",
    "ratio",
    (buckets_of(QUALITY_SCORE, dimension=("overall",), processing_type=("full",)),),
    (_scores("overall", "full")[1],),
    good="high",
    edge=0.70,
    splits=SPLIT,
)
