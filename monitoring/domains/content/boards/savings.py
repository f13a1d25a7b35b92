"""Where does the time go, what was saved, what fails? The board Savings and stages."""

from __future__ import annotations

from monitoring.compile.dashboards.queries import Questions, in_hours
from monitoring.compile.dashboards.scales import HOURS, scale_of, target_of
from monitoring.domains.board import Board, Column, Panel
from monitoring.domains.content.boards.content_types import hourly, over_time
from monitoring.domains.content.boards.shadow import errors
from monitoring.targets.targets import Targets

VARIABLES = ("job", "config_version", "content_type")
_STAGE = ("pipeline_stage",)


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board."""
    q = Questions(targets, VARIABLES, recorded=recorded)
    return Board(
        "savings",
        "pipemeter: Savings and stages",
        "Where does the time go, what was saved, and what fails?",
        (*_numbers(q), *_time(q), _stages(q), *_latency(q), *_failures(q), *errors(q)),
        VARIABLES,
    )


def _numbers(q: Questions) -> tuple[Panel, ...]:
    titles = {
        "saved_usd": ("How many dollars were saved?", "Cost of the model calls that shortcuts made unnecessary."),
        "saved_seconds": ("How many hours were saved?", "Processing time that shortcuts saved."),
        "time_savings": ("How much of the time was saved?", "Saved / (saved + spent)."),
        "saved_llm_calls": ("How many model calls were saved?", "Model calls that shortcuts made unnecessary."),
    }
    found = []
    for name, (title, how) in titles.items():
        query = q.whole(name, target_of(name, q.targets))
        scale = scale_of(name, q.targets)
        if name == "saved_seconds":
            query, scale = in_hours(query), HOURS
        found.append(Panel(title, f"{how} Over the chosen range.", "number", (query,), scale, width=6, height=4))
    return tuple(found)


def _time(q: Questions) -> tuple[Panel, ...]:
    types, ways = ("content_type",), ("processing_type",)
    return (
        hourly(q, "saved_seconds", "Which types save time?", "Time saved, by content type.", types),
        hourly(q, "spent_seconds", "Which types cost time?", "Time spent, by content type.", types),
        hourly(q, "saved_seconds", "Which way saves time?", "Time saved, by the way items took.", ways),
        hourly(q, "spent_seconds", "Which way costs time?", "Time spent, by the way items took.", ways),
        hourly(
            q,
            "stage_saved_seconds",
            "Which stages save time?",
            "Time saved, by the stage that full processing would have spent it in.",
            _STAGE,
        ),
        hourly(q, "stage_seconds", "Which stages cost time?", "Time that stages ran, failed runs included.", _STAGE),
    )


def _stages(q: Questions) -> Panel:
    names = {
        "stage_runs": "Runs",
        "stage_seconds": "Time",
        "stage_saved_seconds": "Saved",
        "stage_duration_avg_seconds": "Mean",
        "stage_duration_p95_seconds": "p95",
        "stage_errors": "Faults",
        "failures": "Items failed",
    }
    return Panel(
        "How does each stage do?",
        "Over the chosen range: how often a stage ran, how long in all, the time that shortcuts saved there, how long "
        "a run took on average and in the slowest 5 %, faults it met (those survived by trying again included), items "
        "that ended failed there. The p95 rests on whole hours.",
        "table",
        tuple(q.whole(name, title, by=_STAGE, form="table") for name, title in names.items()),
        width=24,
        height=12,
        labels={"pipeline_stage": "Stage"},
        columns={title: Column(scale_of(name)) for name, title in names.items()},
        sort="Time",
    )


def _latency(q: Questions) -> tuple[Panel, ...]:
    return (
        over_time(q, "stage_duration_p95_seconds", "Which stages are slow?", _STAGE),
        over_time(q, "item_duration_p95_seconds", "How long do items take?", ("processing_type",)),
    )


def _failures(q: Questions) -> tuple[Panel, ...]:
    return (
        hourly(q, "failures", "Where do items fail?", "Items that ended failed, an hour, by the stage.", _STAGE),
        hourly(
            q,
            "stage_errors",
            "What goes wrong?",
            "Faults that stages met, an hour, by kind; those survived by trying again are among them.",
            ("error_type",),
        ),
    )
