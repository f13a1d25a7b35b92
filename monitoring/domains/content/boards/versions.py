"""Which version of the configuration does better? The board A/B configurations."""

from __future__ import annotations

from monitoring.compile.dashboards.queries import Questions
from monitoring.domains.board import Board, Column, Panel, Query, Scale
from monitoring.domains.content.boards.content_types import hourly, over_time, summary
from monitoring.targets.targets import Targets

VARIABLES = ("job", "config_version", "content_type")
_BY = ("config_version",)


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board."""
    q = Questions(targets, VARIABLES, recorded=recorded)
    return Board(
        "ab",
        "pipemeter: A/B configurations",
        "Which version of the configuration does better? `pipemeter compare` says whether a difference is more than "
        "chance.",
        (
            summary(q, "How do the versions compare?", "config_version", "Version", height=6),
            over_time(q, "quality_score_avg", "Which version has better quality?", _BY),
            over_time(q, "time_savings", "Which version saves more time?", _BY),
            over_time(q, "bypass_rate", "Which version skips more?", _BY),
            over_time(q, "error_rate", "Which version fails more?", _BY),
            hourly(
                q,
                "items",
                "How many items back the comparison?",
                "Items that finished, an hour, by version. Under 100 items in all, a version says nothing yet.",
                _BY,
            ),
            Panel(
                "What do the versions differ in?",
                "The thresholds of each version, as the pipeline last announced them.",
                "table",
                (
                    Query(
                        'max by (threshold, config_version) (pipeline_threshold_ratio{job=~"$job",'
                        'config_version=~"$config_version"})',
                        ("pipeline_threshold_ratio",),
                        "Value",
                        now=True,
                        form="table",
                    ),
                ),
                Scale("none", 2),
                labels={"threshold": "Threshold", "config_version": "Version"},
                columns={"Threshold": Column(width=270)},
                pivot=("threshold", "config_version"),
                empty="No version has announced thresholds",
            ),
        ),
        VARIABLES,
    )
