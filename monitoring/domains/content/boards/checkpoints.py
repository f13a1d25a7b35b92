"""Where do items leave, why, and how sure were we? The board Checkpoints and early exits."""

from __future__ import annotations

from monitoring.domains.ask import Ask, Joined
from monitoring.domains.board import Board, Column, Panel
from monitoring.domains.ready_panels import over_time
from monitoring.domains.scale import Banded, Scale, UnitOf

_CHECKPOINT = "checkpoint"
_CONFIDENCE = Scale("none", 2)
_COLUMNS = {
    "checkpoint_evaluations": "Asked",
    "early_exits": "Left",
    "checkpoint_exit_rate": "Exit rate",
    "exit_confidence_avg": "Confidence",
}

_FUNNEL = Panel(
    "Where do items leave?",
    "From top to bottom: items that finished, those that reached each checkpoint, those that went all the way. The "
    "step down after a checkpoint is what left there; items that go the lightweight way leave before the checkpoint "
    "post_quality_filtering.",
    "ranking",
    (
        Ask("whole", "items", "finished, any way"),
        Ask("whole", "checkpoint_evaluations", "reached {{checkpoint}}", by=(_CHECKPOINT,), made="sort_desc(@)"),
        Ask("whole", "items", "processed in full", where={"processing_type": ("full",)}),
    ),
    UnitOf("items"),
    height=10,
)
_TABLE = Panel(
    "How many leave at each checkpoint?",
    "Times a checkpoint was asked, items that left there, their share, and the mean confidence of the exits taken.",
    "table",
    tuple(Ask("whole", signal, title, by=(_CHECKPOINT,)) for signal, title in _COLUMNS.items()),
    height=10,
    labels={_CHECKPOINT: "Checkpoint"},
    columns={"Checkpoint": Column(width=180)} | {title: Column(UnitOf(name)) for name, title in _COLUMNS.items()},
    sort="Asked",
)
_REASONS = Panel(
    "Why do items skip work?",
    "Items over the chosen range by where and why they left early or went the lightweight way, most frequent first.",
    "ranking",
    (
        Joined(
            'sort_desc((@1 or label_replace(@2, "checkpoint", "lightweight", "", "")) > 0)',
            (Ask("whole", "early_exits", by=(_CHECKPOINT, "reason")), Ask("whole", "bypasses", by=("reason",))),
            "{{checkpoint}}: {{reason}}",
        ),
    ),
    UnitOf("items"),
    height=12,
)
_SHARE = Panel(
    "Is the early-exit share on target?",
    "Items that left at a checkpoint, of the finished items that did not go the lightweight way, over a rolling hour. "
    "Dashed lines are the bands from monitoring.yaml.",
    "lines",
    (Ask("rolling", "early_exit_share", "early-exit share"),),
    Banded("early_exit_share"),
    height=12,
    marks="always",
    colours={"early-exit share": "purple"},
)
_TAKEN = Panel(
    "How sure were the exits?",
    "Confidence of the exits taken, hour by hour: lighter is more exits. They lie above the threshold of their "
    "checkpoint; many close above it say that the threshold decides, not the evidence.",
    "heatmap",
    (Ask("buckets", "exit_confidence_p10"),),
    _CONFIDENCE,
)
_POSSIBLE = Panel(
    "How sure could exits have been?",
    "Confidence whenever an exit condition held, whether the item left or not. What lies below the threshold is what a "
    "lower threshold would let go.",
    "heatmap",
    (Ask("buckets", "exit_candidate_confidence_p50"),),
    _CONFIDENCE,
)

BOARD = Board(
    "checkpoints",
    "pipemeter: Checkpoints and early exits",
    "Where do items leave, why, and how sure were we? Before assessment an item's content type is `unspecified`.",
    (
        _FUNNEL,
        _TABLE,
        _REASONS,
        _SHARE,
        over_time("checkpoint_exit_rate", "Which checkpoints let items go?", _CHECKPOINT, 10),
        over_time("exit_confidence_p10", "How sure are the least sure exits?", _CHECKPOINT, 10),
        _TAKEN,
        _POSSIBLE,
    ),
    ("job", "config_version", "content_type", "checkpoint"),
)
