"""Which version of the configuration does better? The board A/B configurations."""

from __future__ import annotations

from monitoring.domains.ask import PromQL
from monitoring.domains.board import Board, Column, Panel
from monitoring.domains.content.boards.summary import summary
from monitoring.domains.ready_panels import hourly, over_time
from monitoring.domains.scale import Scale

_VERSION = "config_version"

_THRESHOLDS = Panel(
    "What do the versions differ in?",
    "The thresholds of each version, as the pipeline last announced them.",
    "table",
    (
        PromQL(
            "max by (threshold, config_version) (pipeline_threshold_ratio{@})", ("pipeline_threshold_ratio",), "Value"
        ),
    ),
    Scale("none", 2),
    labels={"threshold": "Threshold", _VERSION: "Version"},
    columns={"Threshold": Column(width=270)},
    pivot=("threshold", _VERSION),
    empty="No version has announced thresholds",
)

BOARD = Board(
    "ab",
    "pipemeter: A/B configurations",
    "Which version of the configuration does better? `pipemeter compare` says whether a difference is more than "
    "chance.",
    (
        summary("How do the versions compare?", _VERSION, "Version", height=6),
        over_time("quality_score_avg", "Which version has better quality?", _VERSION),
        over_time("time_savings", "Which version saves more time?", _VERSION),
        over_time("bypass_rate", "Which version skips more?", _VERSION),
        over_time("error_rate", "Which version fails more?", _VERSION),
        hourly(
            "items",
            "How many items back the comparison?",
            "Items that finished, an hour, by version. Under 100 items in all, a version says nothing yet.",
            _VERSION,
        ),
        _THRESHOLDS,
    ),
    ("job", "config_version", "content_type"),
)
