"""A report as Markdown: for a chat, a ticket, a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitoring.reporting.beyond import remarks, report_sections, title
from monitoring.reporting.report import Report
from monitoring.reporting.sections import Cell, Section, abandoned, totals
from monitoring.wording.figures import plain

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~$&])")
_MARKS = {"warning": "⚠ ", "critical": "✖ "}


def report_markdown(found: Report) -> str:
    """Return the report; tables in the form of GitHub, texts from outside escaped."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Report) -> Iterator[str]:
    yield f"# {title(found)}"
    yield ""
    if found.shortage:
        yield f"**{escaped(found.shortage)}**"
        yield ""
    yield ", ".join(f"**{escaped(much)}** {what}" for what, much in totals(found.overview))
    if sentence := abandoned(found.overview):
        yield ""
        yield f"{escaped(sentence)}."
    for section in report_sections(found):
        yield ""
        yield f"## {section.title}"
        yield ""
        yield from _table(section)
        for remark in section.remarks:
            yield ""
            yield f"_{escaped(remark)}_"
    yield ""
    for remark in remarks(found):
        yield f"_{escaped(remark)}_"
        yield ""


def _table(section: Section) -> Iterator[str]:
    if not section.rows:
        yield escaped(section.note)
        return
    yield "| " + " | ".join(section.columns) + " |"
    yield "|" + "|".join("---" if number < section.words else "--:" for number in range(len(section.columns))) + "|"
    for row in section.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return escaped(cell)
    return _MARKS.get(cell.state or "", "") + escaped(cell.text)


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", plain(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
