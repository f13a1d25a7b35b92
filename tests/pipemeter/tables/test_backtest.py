from __future__ import annotations

import io

from rich.console import Console

from monitoring.replay.backtest import AlertReport, Difference
from monitoring.replay.firings import Firing
from monitoring.servers.range_queries import Window
from pipemeter.tables.backtest import Outcome, show

HOSTILE = "\x1b[31m\rred[/x][bold]"


SHOWN = "\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}red[/x][bold]"


def test_labels_cannot_move_the_cursor_and_are_no_markup() -> None:
    out = io.StringIO()
    labels = {"severity": "info", "instance": HOSTILE}
    report = AlertReport("Down", "info", labels, (Firing(60, 120, 1.0),), reads=("up",), observed_seconds=600)
    difference = Difference("Down", "info", labels, (Firing(60, 120, 1.0),), (), 0, 60, 0)
    outcome = Outcome(Window(0, 600, 60), "http://p", HOSTILE, [report], [], "other.yaml", [difference])
    show(Console(file=out, width=400, highlight=False), outcome)
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count(SHOWN) == 4
