"""Is what people get good, and where does it fall short? The board Quality."""

from __future__ import annotations

from monitoring.domains.ask import Ask
from monitoring.domains.board import Board, Panel
from monitoring.domains.content.boards import shadow
from monitoring.domains.ready_panels import number, over_time
from monitoring.domains.scale import Banded, Scale, UnitOf

_DIMENSIONS = {
    "quality_score_avg": "overall",
    "coherence_avg": "coherence",
    "completeness_avg": "completeness",
    "informativeness_avg": "informativeness",
}
_SCORES = Scale("none", 2)

_NUMBERS = (
    number(
        "quality_score_avg",
        "How good are the results?",
        "Mean overall quality (0 to 1) of items processed in full, over the chosen range.",
    ),
    number(
        "coherence_avg", "Does it hang together?", "Mean coherence: do its parts hang together.", legend="coherence"
    ),
    number(
        "completeness_avg", "Is it complete?", "Mean completeness: does it end what it begins.", legend="completeness"
    ),
    number(
        "informativeness_avg",
        "Does it tell something?",
        "Mean informativeness: does it say more than filler.",
        legend="informativeness",
    ),
)
_HISTORY = (
    Panel(
        "Which dimension changes?",
        "Mean score of each dimension over a rolling hour. The overall score leans on the weakest of the others.",
        "lines",
        tuple(Ask("rolling", signal, dimension) for signal, dimension in _DIMENSIONS.items()),
        UnitOf("quality_score_avg"),
        height=10,
        colours=dict(zip(_DIMENSIONS.values(), ("blue", "orange", "green", "purple"), strict=True)),
    ),
    Panel(
        "How good was each hour?",
        "Mean overall quality of items processed in full, by hour. Dashed lines are the bands from monitoring.yaml. "
        "Each bar is the hour before it; an hour without items has none.",
        "bars",
        (Ask("rolling", "quality_score_avg", "overall", step="1h"),),
        Banded("quality_score_avg"),
        marks="always",
        colours={"overall": "blue"},
    ),
    over_time("quality_score_avg", "Which content types are good?", "content_type", 12),
    over_time("quality_above_070_share", "How many items score above 0.70?", "content_type", 12),
)
_DISTRIBUTIONS = (
    Panel(
        "How are scores distributed?",
        "Overall quality of items processed in full, hour by hour: lighter is more items. A mean can hide two groups; "
        "here they show.",
        "heatmap",
        (Ask("buckets", "quality_above_070_share"),),
        _SCORES,
    ),
    Panel(
        "How far from the thresholds?",
        "Of every assessed item: the least, over the dimensions, of score minus threshold. Above 0 it passed the "
        "quality filter. Many items close to 0 mean that a small change of a threshold moves many.",
        "heatmap",
        (Ask("buckets", "above_threshold_share"),),
        _SCORES,
    ),
)

BOARD = Board(
    "quality",
    "pipemeter: Quality",
    "Is what people get good? Scores from 0 to 1 of items processed in full.",
    (*_NUMBERS, *_HISTORY, *_DISTRIBUTIONS, *shadow.BY_DECISION),
    ("job", "config_version", "content_type"),
)
