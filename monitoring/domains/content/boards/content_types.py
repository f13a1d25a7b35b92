"""What do the shortcuts do to each kind of content? The board Content types."""

from __future__ import annotations

from monitoring.domains.board import Board
from monitoring.domains.content.boards.summary import summary
from monitoring.domains.ready_panels import hourly, over_time
from monitoring.domains.scale import UnitOf

_TYPE, _HEIGHT = "content_type", 12
_OF_ALL = "quality_score_scored_avg"

BOARD = Board(
    "content-types",
    "pipemeter: Content types",
    "What do the shortcuts do to each kind of content? `unspecified` are items that left before their type was known.",
    (
        summary(
            "How does each content type do?",
            _TYPE,
            "Content type",
            more={_OF_ALL: ("Quality of all", UnitOf(_OF_ALL))},
            how=", quality of all that of every scored item, whichever way it went",
        ),
        hourly(
            "items", "How many items of each type?", "Items that finished, an hour, by content type.", _TYPE, _HEIGHT
        ),
        over_time("bypass_rate", "Which types skip work?", _TYPE, _HEIGHT),
        over_time("time_savings", "Which types save time?", _TYPE, _HEIGHT),
        over_time("quality_score_avg", "Which types come out well?", _TYPE, _HEIGHT),
        over_time(_OF_ALL, "What is each type like, bypassed or not?", _TYPE, _HEIGHT),
    ),
    ("job", "config_version", "content_type"),
)
