"""Is what people get good, and where does it fall short? The board Quality."""

from __future__ import annotations

from monitoring.compile.dashboards.queries import Questions
from monitoring.compile.dashboards.scales import scale_of, target_of
from monitoring.domains.board import Board, Panel, Scale
from monitoring.domains.content.boards.content_types import over_time
from monitoring.domains.content.boards.shadow import by_decision
from monitoring.targets.targets import Targets

VARIABLES = ("job", "config_version", "content_type")
DIMENSIONS = {
    "quality_score_avg": "overall",
    "coherence_avg": "coherence",
    "completeness_avg": "completeness",
    "informativeness_avg": "informativeness",
}


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board."""
    q = Questions(targets, VARIABLES, recorded=recorded)
    return Board(
        "quality",
        "pipemeter: Quality",
        "Is what people get good? Scores from 0 to 1 of items processed in full.",
        (*_numbers(q), *_history(q), *_distributions(q), *by_decision(q)),
        VARIABLES,
    )


def _numbers(q: Questions) -> tuple[Panel, ...]:
    overall = Panel(
        "How good are the results?",
        "Mean overall quality (0 to 1) of items processed in full, over the chosen range.",
        "number",
        (q.whole("quality_score_avg", target_of("quality_score_avg", q.targets)),),
        scale_of("quality_score_avg", q.targets),
        width=6,
        height=4,
    )
    others = {
        "coherence_avg": ("Does it hang together?", "Mean coherence: do its parts hang together."),
        "completeness_avg": ("Is it complete?", "Mean completeness: does it end what it begins."),
        "informativeness_avg": ("Does it tell something?", "Mean informativeness: does it say more than filler."),
    }
    return (
        overall,
        *(
            Panel(title, how, "number", (q.whole(name, DIMENSIONS[name]),), scale_of(name), width=6, height=4)
            for name, (title, how) in others.items()
        ),
    )


def _history(q: Questions) -> tuple[Panel, ...]:
    return (
        Panel(
            "Which dimension changes?",
            "Mean score of each dimension over a rolling hour. The overall score leans on the weakest of the others.",
            "lines",
            tuple(q.rolling(name, title) for name, title in DIMENSIONS.items()),
            scale_of("quality_score_avg"),
            height=10,
            colours=dict(zip(DIMENSIONS.values(), ("blue", "orange", "green", "purple"), strict=True)),
        ),
        Panel(
            "How good was each hour?",
            "Mean overall quality of items processed in full, by hour. Dashed lines are the bands from "
            "monitoring.yaml. Each bar is the hour before it; an hour without items has none.",
            "bars",
            (q.rolling("quality_score_avg", "overall", step="1h"),),
            scale_of("quality_score_avg", q.targets),
            marks=True,
            colours={"overall": "blue"},
        ),
        over_time(q, "quality_score_avg", "Which content types are good?", ("content_type",)),
        over_time(q, "quality_above_070_share", "How many items score above 0.70?", ("content_type",)),
    )


def _distributions(q: Questions) -> tuple[Panel, ...]:
    return (
        Panel(
            "How are scores distributed?",
            "Overall quality of items processed in full, hour by hour: lighter is more items. A mean can hide two "
            "groups; here they show.",
            "heatmap",
            (q.buckets("quality_above_070_share"),),
            Scale("none", 2),
        ),
        Panel(
            "How far from the thresholds?",
            "Of every assessed item: the least, over the dimensions, of score minus threshold. Above 0 it passed the "
            "quality filter. Many items close to 0 mean that a small change of a threshold moves many.",
            "heatmap",
            (q.buckets("above_threshold_share"),),
            Scale("none", 2),
        ),
    )
