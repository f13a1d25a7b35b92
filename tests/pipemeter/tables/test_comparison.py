from __future__ import annotations

import io

import msgspec
from rich.console import Console, RenderableType

from monitoring.tuning.compare import nothing_seen
from pipemeter.tables.comparison import comparison_table

HOSTILE = "\x1b[31m\rred[/x][bold]"


SHOWN = "\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}red[/x][bold]"


def compared() -> RenderableType:
    nothing = nothing_seen()
    part = msgspec.structs.replace(nothing.overall, content_type=HOSTILE, items={"A": 1, "B": 2})
    found = msgspec.structs.replace(
        nothing, reason=HOSTILE, caveats=[HOSTILE], overall=part, by_content_type=[msgspec.structs.replace(part)]
    )
    return comparison_table(found, HOSTILE, "b")


def test_labels_cannot_move_the_cursor_and_are_no_markup() -> None:
    out = io.StringIO()
    Console(file=out, width=400, highlight=False).print(compared())
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count(SHOWN) == 4
