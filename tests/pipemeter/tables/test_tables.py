"""What comes from labels is shown as it is: it moves no cursor, and is no markup."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console, RenderableType

from monitoring.replay.backtest import AlertReport, Difference
from monitoring.replay.firings import Firing
from monitoring.servers.range_queries import Window
from monitoring.tuning.compare import nothing_seen
from monitoring.tuning.recommendation import Expectation, ModeAdvice, Recommendation, Tuning
from pipemeter.tables.backtest import Outcome, show
from pipemeter.tables.comparison import comparison_table
from pipemeter.tables.tuning import tuning_table

HOSTILE = "\x1b[31m\rred[/x][bold]"
SHOWN = "\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}red[/x][bold]"


def tuned() -> RenderableType:
    row = Recommendation("min_overall", 0.6, 0.7, (0.1, 0.2), 0.8, (0.3, 0.4), 120, HOSTILE)
    figures = Expectation(120, (0.1, 0.2), 0.8, None, (0.3, 0.4))
    return tuning_table(
        Tuning(True, [HOSTILE], [row], "a goal", HOSTILE, 120, [HOSTILE], figures, figures,
               [ModeAdvice(HOSTILE, "full", "lightweight", 120, HOSTILE)], {HOSTILE: figures})
    )  # fmt: skip


def compared() -> RenderableType:
    nothing = nothing_seen()
    part = msgspec.structs.replace(nothing.overall, content_type=HOSTILE, items={"A": 1, "B": 2})
    found = msgspec.structs.replace(
        nothing, reason=HOSTILE, caveats=[HOSTILE], overall=part, by_content_type=[msgspec.structs.replace(part)]
    )
    return comparison_table(found, HOSTILE, "b")


@pytest.mark.parametrize(("shown", "times"), [(tuned, 7), (compared, 4)], ids=["tune", "compare"])
def test_labels_cannot_move_the_cursor_and_are_no_markup(shown: object, times: int) -> None:
    out = io.StringIO()
    assert callable(shown)
    Console(file=out, width=400, highlight=False).print(shown())
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count(SHOWN) == times


def test_labels_of_alerts_cannot_either() -> None:
    out = io.StringIO()
    labels = {"severity": "info", "instance": HOSTILE}
    report = AlertReport("Down", "info", labels, (Firing(60, 120, 1.0),), reads=("up",), observed_seconds=600)
    difference = Difference("Down", "info", labels, (Firing(60, 120, 1.0),), (), 0, 60, 0)
    outcome = Outcome(Window(0, 600, 60), "http://p", HOSTILE, [report], [], "other.yaml", [difference])
    show(Console(file=out, width=400, highlight=False), outcome)
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count(SHOWN) == 4
