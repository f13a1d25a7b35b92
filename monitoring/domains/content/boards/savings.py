"""Where does the time go, what was saved, what fails? The board Savings and stages."""

from __future__ import annotations

from monitoring.domains.ask import Ask
from monitoring.domains.board import Board, Column, Panel
from monitoring.domains.content.boards import shadow
from monitoring.domains.ready_panels import hourly, number, over_time
from monitoring.domains.scale import UnitOf

_TYPE, _WAY, _STAGE, _FAULT = "content_type", "processing_type", "pipeline_stage", "error_type"
_COLUMNS = {
    "stage_runs": "Runs",
    "stage_seconds": "Time",
    "stage_saved_seconds": "Saved",
    "stage_duration_avg_seconds": "Mean",
    "stage_duration_p95_seconds": "p95",
    "stage_errors": "Faults",
    "failures": "Items failed",
}

_NUMBERS = (
    number(
        "saved_usd",
        "How many dollars were saved?",
        "Cost of the model calls that shortcuts made unnecessary. Over the chosen range.",
    ),
    number(
        "saved_seconds",
        "How many hours were saved?",
        "Processing time that shortcuts saved. Over the chosen range.",
        hours=True,
    ),
    number("time_savings", "How much of the time was saved?", "Saved / (saved + spent). Over the chosen range."),
    number(
        "saved_llm_calls",
        "How many model calls were saved?",
        "Model calls that shortcuts made unnecessary. Over the chosen range.",
    ),
)
_TIME = (
    hourly("saved_seconds", "Which types save time?", "Time saved, by content type.", _TYPE, 12),
    hourly("spent_seconds", "Which types cost time?", "Time spent, by content type.", _TYPE, 12),
    hourly("saved_seconds", "Which way saves time?", "Time saved, by the way items took.", _WAY),
    hourly("spent_seconds", "Which way costs time?", "Time spent, by the way items took.", _WAY),
    hourly(
        "stage_saved_seconds",
        "Which stages save time?",
        "Time saved, by the stage that full processing would have spent it in.",
        _STAGE,
        12,
    ),
    hourly("stage_seconds", "Which stages cost time?", "Time that stages ran, failed runs included.", _STAGE, 12),
)
_STAGES = Panel(
    "How does each stage do?",
    "Over the chosen range: how often a stage ran, how long in all, the time that shortcuts saved there, how long a "
    "run took on average and in the slowest 5 %, faults it met (those survived by trying again included), items that "
    "ended failed there. The p95 rests on whole hours.",
    "table",
    tuple(Ask("whole", signal, title, by=(_STAGE,)) for signal, title in _COLUMNS.items()),
    width=24,
    height=12,
    labels={_STAGE: "Stage"},
    columns={title: Column(UnitOf(signal)) for signal, title in _COLUMNS.items()},
    sort="Time",
)
_LATENCY = (
    over_time("stage_duration_p95_seconds", "Which stages are slow?", _STAGE, 12),
    over_time("item_duration_p95_seconds", "How long do items take?", _WAY),
)
_FAILURES = (
    hourly("failures", "Where do items fail?", "Items that ended failed, an hour, by the stage.", _STAGE, 12),
    hourly(
        "stage_errors",
        "What goes wrong?",
        "Faults that stages met, an hour, by kind; those survived by trying again are among them.",
        _FAULT,
        12,
    ),
    hourly(
        "abandonments",
        "Which items are abandoned?",
        "Items that were cancelled (a time limit, a shutdown) or interrupted, an hour, by which of the two; they are "
        "neither among the finished nor among the failed ones.",
        "reason",
    ),
    over_time("abandoned_rate", "How many items are abandoned?", "content_type"),
)

BOARD = Board(
    "savings",
    "pipemeter: Savings and stages",
    "Where does the time go, what was saved, and what fails?",
    (*_NUMBERS, *_TIME, _STAGES, *_LATENCY, *_FAILURES, *shadow.ERRORS),
    ("job", "config_version", "content_type"),
)
