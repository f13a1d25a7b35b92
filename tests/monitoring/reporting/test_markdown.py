from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from monitoring.reporting.markdown import _table, escaped
from monitoring.reporting.sections import Cell, Section

HOSTILE = "<script>|`a`*b*_c_[d](e)![f](g)#h~i~$j$\\&amp;\x1b\n"


def rendered(text: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(text))


@pytest.mark.parametrize("text", [HOSTILE, "# no heading", "- no list", "a|b", "~~no~~", "a & b", "&lt;", "\\"])
def test_a_text_is_shown_as_it_is(text: str) -> None:
    page = rendered("x " + escaped(text))
    inside = page.removeprefix("<p>x ").removesuffix("</p>\n")
    assert "<" not in inside
    assert inside.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&").strip() == (
        text.replace("\x1b", "\N{REPLACEMENT CHARACTER}").replace("\n", "\N{REPLACEMENT CHARACTER}").strip()
    )


def test_a_table_keeps_its_columns_whatever_its_cells_hold() -> None:
    section = Section("T", ("Name", "Value"), [(HOSTILE, Cell(HOSTILE, "critical")), ("a", "1")])
    page = rendered("\n".join(_table(section)))
    assert page.count("<tr>") == 3
    assert page.count("<td") == 4
    assert "✖ " in page


def test_words_stand_left_and_numbers_right() -> None:
    lines = list(_table(Section("T", ("A", "B", "C"), [("a", "b", "1")], words=2)))
    assert lines[1] == "|---|---|--:|"


def test_a_table_without_rows_says_why() -> None:
    assert list(_table(Section("T", ("A",), [], note="No alert fired."))) == ["No alert fired."]
