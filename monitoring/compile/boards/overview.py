"""Is it paying? The board Overview."""

from __future__ import annotations

from monitoring.compile.boards.firing import FIRING_COUNT, firing_table
from monitoring.compile.boards.slo import WORST_BUDGET
from monitoring.domains.ask import IN_HOURS, Ask
from monitoring.domains.board import Board, Panel
from monitoring.domains.content.boards import shadow
from monitoring.domains.ready_panels import hourly, number
from monitoring.domains.scale import HOURS, Banded, Scale
from monitoring.targets.targets import Targets

_SAVED, _SPENT = "green", "blue"

_MONEY = (
    number(
        "saved_usd",
        "How many dollars were saved?",
        "Cost of the model calls that shortcuts made unnecessary, in the chosen range.",
    ),
    number(
        "saved_seconds",
        "How many hours were saved?",
        "Processing time that shortcuts saved: what full processing would have taken less what was spent.",
        hours=True,
    ),
    number(
        "time_savings",
        "How much of the time was saved?",
        "Time saved, of what full processing of everything would have taken: saved / (saved + spent).",
    ),
    number(
        "bypass_rate",
        "How many items skipped work?",
        "Bypass rate: items that went the lightweight way or left early, of all finished items. Too low saves little, "
        "too high may throw away what somebody wanted.",
    ),
)
_ITEMS = number(
    "items",
    "How many items were processed?",
    "Items that left the pipeline in the chosen range, whichever way they took; failed ones do not count.",
)
_QUALITY = number(
    "quality_score_avg",
    "How good are the results?",
    "Mean overall quality (0 to 1) of the items processed in full: of what people got.",
)
_ERROR_RATE = number(
    "error_rate",
    "How many items fail?",
    "Items that ended failed, of all that failed or finished, in the chosen range.",
)
_RATES = {
    "time_savings": ("time savings", "green"),
    "bypass_rate": ("bypass rate", "orange"),
    "error_rate": ("error rate", "red"),
}
_HISTORY = (
    Panel(
        "What was saved each hour?",
        "Green is processing time saved, blue is time spent; together they are what full processing would have taken. "
        "More green is better. Each bar is the hour before it.",
        "bars",
        (
            Ask("rolling", "saved_seconds", "saved", step="1h", made=IN_HOURS),
            Ask("rolling", "spent_seconds", "spent", step="1h", made=IN_HOURS),
        ),
        HOURS,
        colours={"saved": _SAVED, "spent": _SPENT},
        stacked=True,
    ),
    hourly(
        "items",
        "Which way do items go?",
        "Items an hour by the way they took: in full, the lightweight way, or out early at a checkpoint.",
        "processing_type",
    ),
    Panel(
        "Do the shortcuts keep their targets?",
        "Shares over a rolling hour. Time savings and bypass rate say how much work is skipped, the error rate how "
        "many items fail.",
        "lines",
        tuple(Ask("rolling", signal, words) for signal, (words, _) in _RATES.items()),
        Scale("percentunit", 1, minimum=0),
        colours=dict(_RATES.values()),
    ),
    Panel(
        "Does quality hold?",
        "Mean overall quality of items processed in full over a rolling hour. Dashed lines are the bands from "
        "monitoring.yaml: below them somebody is warned.",
        "lines",
        (Ask("rolling", "quality_score_avg", "quality"),),
        Banded("quality_score_avg"),
        marks="always",
        colours={"quality": "blue"},
    ),
)


def board(targets: Targets) -> Board:
    """Return the board: without objectives it shows the error rate where their budget stands otherwise."""
    return Board(
        "overview",
        "pipemeter: Overview",
        "Is it paying? What the shortcuts saved and what they cost, against the targets of monitoring.yaml.",
        (
            *_MONEY,
            _ITEMS,
            _QUALITY,
            WORST_BUDGET if targets.slos else _ERROR_RATE,
            FIRING_COUNT,
            shadow.WRONG_SKIPS,
            shadow.SAVINGS_OFF,
            shadow.SAMPLE_SIZE,
            *_HISTORY,
            firing_table(),
        ),
        ("job", "config_version", "content_type"),
        refresh="30s",
    )
