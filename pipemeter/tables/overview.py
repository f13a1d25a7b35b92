"""The overview of a window on a terminal: every value in the colour of its state, every state also as a word."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitoring.reporting.overview import Overview
from monitoring.reporting.readings import State
from monitoring.reporting.sections import Cell, Section, abandoned, active, heading, overview_sections, totals
from monitoring.wording.figures import plain

_STYLES: dict[State | None, str] = {"ok": "green", "warning": "yellow", "critical": "bold red", "no data": "dim"}


def overview_table(found: Overview) -> RenderableType:
    """Return everything that an overview has to say."""
    parts: list[RenderableType] = [Text(heading(found), "bold")]
    if found.shortage:
        parts.append(Text(found.shortage, "bold yellow"))
    parts.append(Text("   ".join(f"{much} {what}" for what, much in totals(found))))
    if sentence := abandoned(found):
        parts.append(Text(sentence, "yellow"))
    parts += [section_table(section) for section in overview_sections(found)]
    parts.append(section_table(active(found.alerts, found.at)))
    return Group(*parts)


def section_table(section: Section) -> RenderableType:
    """Return one section; texts from outside are shown, never interpreted."""
    if not section.rows:
        return Text(section.note)
    made = Table(title=section.title, title_justify="left", title_style="bold", min_width=64)
    if section.remarks:
        made.caption, made.caption_justify = Text("\n".join(map(plain, section.remarks))), "left"
    for number, column in enumerate(section.columns):
        made.add_column(column, justify="left" if number < section.words else "right")
    for row in section.rows:
        made.add_row(*(_text(cell) for cell in row))
    return made


def _text(cell: Cell | str) -> Text:
    if isinstance(cell, str):
        return Text(plain(cell))
    return Text(plain(cell.text), _STYLES.get(cell.state, ""))
