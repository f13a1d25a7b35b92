from __future__ import annotations

import io

from rich.console import Console, RenderableType

from monitoring.tuning.recommendation import Expectation, ModeAdvice, Recommendation, Tuning
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


def test_labels_cannot_move_the_cursor_and_are_no_markup() -> None:
    out = io.StringIO()
    Console(file=out, width=400, highlight=False).print(tuned())
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count(SHOWN) == 7
