from __future__ import annotations

import io

import pytest
from rich.console import Console

from monitoring.reporting.readings import State
from monitoring.reporting.sections import Cell, Section
from pipemeter.tables.overview import section_table

HOSTILE = "[/x]\x1b[31m\r"


def shown(section: Section, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=120, highlight=False, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(section_table(section))
    return out.getvalue()


def test_words_stand_left_and_numbers_right() -> None:
    text = shown(Section("T", ("Name", "Value"), [("a", "7"), ("longer", "1,234")]))
    assert "│ a " in text
    assert " 7 │" in text


@pytest.mark.parametrize(("state", "code"), [("ok", "32"), ("warning", "33"), ("critical", "1;31"), ("no data", "2")])
def test_a_state_is_a_colour_on_a_terminal_and_a_word_everywhere(state: State, code: str) -> None:
    section = Section("T", ("State",), [(Cell(state, state),)])
    assert f"\x1b[{code}m{state}" in shown(section, colour=True)
    assert state in shown(section)
    assert "\x1b" not in shown(section)


def test_without_rows_the_note_is_said() -> None:
    assert shown(Section("T", ("A",), [], note="No alert fires.")) == "No alert fires.\n"


def test_texts_from_outside_are_shown_and_never_interpreted() -> None:
    text = shown(Section("T", ("A", "B"), [(HOSTILE, Cell(HOSTILE, "ok"))]))
    assert text.count("[/x]\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}") == 2
    assert "\x1b" not in text
