"""Is it paying? The board Overview."""

from __future__ import annotations

from monitoring.compile.boards.firing import firing_count, firing_table
from monitoring.compile.boards.slo import worst_budget
from monitoring.compile.dashboards.queries import Questions, in_hours
from monitoring.compile.dashboards.scales import HOURS, SAVED, SPENT, colours_of, scale_of, target_of
from monitoring.domains.board import Board, Panel, Scale
from monitoring.domains.content.boards.shadow import sample_size, savings_off, wrong_skips
from monitoring.targets.targets import Targets

VARIABLES = ("job", "config_version", "content_type")


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board."""
    q = Questions(targets, VARIABLES, recorded=recorded)
    return Board(
        "overview",
        "pipemeter: Overview",
        "Is it paying? What the shortcuts saved and what they cost, against the targets of monitoring.yaml.",
        (*_money(q), *_state(q), wrong_skips(q), savings_off(q), sample_size(q), *_history(q), firing_table(targets)),
        VARIABLES,
        refresh="30s",
    )


def _money(q: Questions) -> tuple[Panel, ...]:
    return (
        Panel(
            "How many dollars were saved?",
            "Cost of the model calls that shortcuts made unnecessary, in the chosen range.",
            "number",
            (q.whole("saved_usd", "in this range"),),
            scale_of("saved_usd"),
            width=6,
            height=4,
        ),
        Panel(
            "How many hours were saved?",
            "Processing time that shortcuts saved: what full processing would have taken less what was spent.",
            "number",
            (in_hours(q.whole("saved_seconds", "in this range")),),
            HOURS,
            width=6,
            height=4,
        ),
        Panel(
            "How much of the time was saved?",
            "Time saved, of what full processing of everything would have taken: saved / (saved + spent).",
            "number",
            (q.whole("time_savings", target_of("time_savings", q.targets)),),
            scale_of("time_savings", q.targets),
            width=6,
            height=4,
        ),
        Panel(
            "How many items skipped work?",
            "Bypass rate: items that went the lightweight way or left early, of all finished items. Too low saves "
            "little, too high may throw away what somebody wanted.",
            "number",
            (q.whole("bypass_rate", target_of("bypass_rate", q.targets)),),
            scale_of("bypass_rate", q.targets),
            width=6,
            height=4,
        ),
    )


def _state(q: Questions) -> tuple[Panel, ...]:
    return (
        Panel(
            "How many items were processed?",
            "Items that left the pipeline in the chosen range, whichever way they took; failed ones do not count.",
            "number",
            (q.whole("items", "in this range"),),
            scale_of("items"),
            width=6,
            height=4,
        ),
        Panel(
            "How good are the results?",
            "Mean overall quality (0 to 1) of the items processed in full: of what people got.",
            "number",
            (q.whole("quality_score_avg", target_of("quality_score_avg", q.targets)),),
            scale_of("quality_score_avg", q.targets),
            width=6,
            height=4,
        ),
        worst_budget() if q.targets.slos else _error_rate(q),
        firing_count(),
    )


def _error_rate(q: Questions) -> Panel:
    return Panel(
        "How many items fail?",
        "Items that ended failed, of all that failed or finished, in the chosen range.",
        "number",
        (q.whole("error_rate", target_of("error_rate", q.targets)),),
        scale_of("error_rate", q.targets),
        width=6,
        height=4,
    )


def _history(q: Questions) -> tuple[Panel, ...]:
    return (
        Panel(
            "What was saved each hour?",
            "Green is processing time saved, blue is time spent; together they are what full processing would have "
            "taken. More green is better. Each bar is the hour before it.",
            "bars",
            (
                in_hours(q.rolling("saved_seconds", "saved", step="1h")),
                in_hours(q.rolling("spent_seconds", "spent", step="1h")),
            ),
            HOURS,
            colours={"saved": SAVED, "spent": SPENT},
            stacked=True,
        ),
        Panel(
            "Which way do items go?",
            "Items an hour by the way they took: in full, the lightweight way, or out early at a checkpoint. Each bar "
            "is the hour before it.",
            "bars",
            (q.rolling("items", by=("processing_type",), step="1h"),),
            scale_of("items"),
            colours=colours_of("processing_type", q.targets),
            stacked=True,
        ),
        Panel(
            "Do the shortcuts keep their targets?",
            "Shares over a rolling hour. Time savings and bypass rate say how much work is skipped, the error rate how "
            "many items fail.",
            "lines",
            tuple(
                q.rolling(name, title)
                for name, title in (
                    ("time_savings", "time savings"),
                    ("bypass_rate", "bypass rate"),
                    ("error_rate", "error rate"),
                )
            ),
            Scale("percentunit", 1, minimum=0),
            colours={
                "time savings": "green",
                "bypass rate": "orange",
                "error rate": "red",
            },
        ),
        Panel(
            "Does quality hold?",
            "Mean overall quality of items processed in full over a rolling hour. Dashed lines are the bands from "
            "monitoring.yaml: below them somebody is warned.",
            "lines",
            (q.rolling("quality_score_avg", "quality"),),
            scale_of("quality_score_avg", q.targets),
            marks=True,
            colours={"quality": "blue"},
        ),
    )
