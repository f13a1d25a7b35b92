"""Where do items leave, why, and how sure were we? The board Checkpoints and early exits."""

from __future__ import annotations

from monitoring.compile.dashboards.queries import Questions
from monitoring.compile.dashboards.scales import scale_of
from monitoring.domains.board import Board, Column, Panel, Query, Scale
from monitoring.domains.content.boards.content_types import over_time
from monitoring.targets.targets import Targets

VARIABLES = ("job", "config_version", "content_type", "checkpoint")
_BY = ("checkpoint",)
_CONFIDENCE = Scale("none", 2)


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board."""
    q = Questions(targets, VARIABLES, recorded=recorded)
    return Board(
        "checkpoints",
        "pipemeter: Checkpoints and early exits",
        "Where do items leave, why, and how sure were we? Before assessment an item's content type is `unspecified`.",
        (_funnel(q), _table(q), _reasons(q), _share(q), *_history(q), *_confidence(q)),
        VARIABLES,
    )


def _funnel(q: Questions) -> Panel:
    asked = q.whole("checkpoint_evaluations", "reached {{checkpoint}}", by=_BY)
    came = q.whole("items", "finished, any way")
    full = q.whole("items", "processed in full", where=('processing_type="full"',))
    return Panel(
        "Where do items leave?",
        "From top to bottom: items that finished, those that reached each checkpoint, those that went all the way. The "
        "step down after a checkpoint is what left there; items that go the lightweight way leave before the "
        "checkpoint post_quality_filtering.",
        "ranking",
        (
            came,
            Query(f"sort_desc({asked.expr})", asked.families, asked.legend, now=True),
            full,
        ),
        scale_of("items"),
        height=10,
    )


def _table(q: Questions) -> Panel:
    names = {
        "checkpoint_evaluations": "Asked",
        "early_exits": "Left",
        "checkpoint_exit_rate": "Exit rate",
        "exit_confidence_avg": "Confidence",
    }
    return Panel(
        "How many leave at each checkpoint?",
        "Times a checkpoint was asked, items that left there, their share, and the mean confidence of the exits taken.",
        "table",
        tuple(q.whole(name, title, by=_BY, form="table") for name, title in names.items()),
        height=10,
        labels={"checkpoint": "Checkpoint"},
        columns={"Checkpoint": Column(width=180)} | {t: Column(scale_of(name)) for name, t in names.items()},
        sort="Asked",
    )


def _reasons(q: Questions) -> Panel:
    exits = q.whole("early_exits", by=("checkpoint", "reason"))
    bypasses = q.whole("bypasses", by=("reason",))
    both = f'{exits.expr} or label_replace({bypasses.expr}, "checkpoint", "lightweight", "", "")'
    families = (*exits.families, *bypasses.families)
    return Panel(
        "Why do items skip work?",
        "Items over the chosen range by where and why they left early or went the lightweight way, most frequent "
        "first.",
        "ranking",
        (Query(f"sort_desc(({both}) > 0)", families, "{{checkpoint}}: {{reason}}", now=True),),
        scale_of("items"),
        height=12,
    )


def _share(q: Questions) -> Panel:
    return Panel(
        "Is the early-exit share on target?",
        "Items that left at a checkpoint, of the finished items that did not go the lightweight way, over a rolling "
        "hour. Dashed lines are the bands from monitoring.yaml.",
        "lines",
        (q.rolling("early_exit_share", "early-exit share"),),
        scale_of("early_exit_share", q.targets),
        height=12,
        marks=True,
        colours={"early-exit share": "purple"},
    )


def _history(q: Questions) -> tuple[Panel, ...]:
    return (
        over_time(q, "checkpoint_exit_rate", "Which checkpoints let items go?", _BY),
        over_time(q, "exit_confidence_p10", "How sure are the least sure exits?", _BY),
    )


def _confidence(q: Questions) -> tuple[Panel, ...]:
    return (
        Panel(
            "How sure were the exits?",
            "Confidence of the exits taken, hour by hour: lighter is more exits. They lie above the threshold of their "
            "checkpoint; many close above it say that the threshold decides, not the evidence.",
            "heatmap",
            (q.buckets("exit_confidence_p10"),),
            _CONFIDENCE,
        ),
        Panel(
            "How sure could exits have been?",
            "Confidence whenever an exit condition held, whether the item left or not. What lies below the threshold "
            "is what a lower threshold would let go.",
            "heatmap",
            (q.buckets("exit_candidate_confidence_p50"),),
            _CONFIDENCE,
        ),
    )
