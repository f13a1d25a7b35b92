"""A report as one HTML page that needs nothing else: no script, no font, no picture from outside.

Built as elements, so that texts from outside are escaped by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signals
from monitoring.reporting.beyond import remarks, report_sections, title
from monitoring.reporting.charts import firing_strip, line_chart, stacked_chart
from monitoring.reporting.readings import Reading, State
from monitoring.reporting.report import Report
from monitoring.reporting.sections import Cell, Section, hours
from monitoring.reporting.style import STYLE
from monitoring.wording.durations import format_duration
from monitoring.wording.figures import NONE, between, change, clock, figure, plain

_WAYS = "Items by the way they went"


def report_html(found: Report, bands: Mapping[str, Bands]) -> str:
    """Return the page. `bands` by signal are drawn into the charts."""
    page = Element("html", {"lang": "en"})
    _head(page, found)
    body = SubElement(page, "body")
    main = SubElement(body, "main")
    _add(main, "h1", "Pipeline report")
    _add(main, "p", f"{clock(found.start)} to {clock(found.end)}", "period")
    if found.shortage:
        _add(main, "p", found.shortage[0].upper() + found.shortage[1:], "shortage")
    else:
        _tiles(main, found)
        _charts(main, found, bands)
    for section in report_sections(found):
        _section(main, section)
    footer = SubElement(main, "footer")
    for remark in remarks(found):
        _add(footer, "p", remark)
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def _head(page: Element, found: Report) -> None:
    head = SubElement(page, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "meta", {"name": "color-scheme", "content": "light dark"})
    _add(head, "title", title(found))
    _add(head, "style", STYLE)


def _add(parent: Element, tag: str, text: str = "", kind: str = "") -> Element:
    made = SubElement(parent, tag, {"class": kind} if kind else {})
    made.text = text if tag == "style" else plain(text)
    return made


def _tiles(main: Element, found: Report) -> None:
    total = found.overview.totals
    tiles = SubElement(main, "div", {"class": "tiles"})
    note = f"{figure(total['failures'], 'items')} failed"
    if count := sum(found.overview.abandoned.values()):
        note += f", {count:,} abandoned"
    _tile(tiles, "Items", figure(total["items"], "items"), note, _change(found, "items"))
    spent = f"{hours(total['spent_seconds'])} spent"
    _tile(tiles, "Time saved", hours(total["saved_seconds"]), spent, _change(found, "saved_seconds"))
    calls = f"{figure(total['saved_llm_calls'], 'calls')} model calls"
    _tile(tiles, "Cost saved", figure(total["saved_usd"], "usd"), calls, _change(found, "saved_usd"))
    for reading in found.overview.readings:
        if reading.state != "not judged" and reading.items:
            _reading_tile(tiles, found, reading)
    for budget in found.overview.budgets:
        note = f"of {format_duration(budget.window)}, objective {figure(budget.objective, 'ratio')}"
        name = f"Error budget left: {budget.slo.replace('_', ' ')}"
        _tile(tiles, name, figure(budget.left, "ratio"), budget.shortage or note, "", budget.state)


def _reading_tile(tiles: Element, found: Report, reading: Reading) -> None:
    aim = "no target" if reading.target is None else f"target {figure(reading.target, reading.unit)}"
    aim += ", missed" if reading.on_target is False else ""
    aim = f"{between(reading.interval, reading.unit)}; {aim}" if reading.interval else aim
    short = f"not enough data: {reading.shortage}"
    note = aim if reading.value is not None else short
    value = figure(reading.value, reading.unit)
    _tile(tiles, reading.title, value, note, _change(found, reading.signal), reading.state)


def _tile(tiles: Element, name: str, value: str, note: str, change: str, state: State | None = None) -> None:
    tile = SubElement(tiles, "div", {"class": f"tile {_class(state)}".strip()})
    _add(tile, "div", name, "name")
    line = _add(tile, "div", value, "value")
    if state in ("warning", "critical"):
        _add(line, "span", state, "word")
    _add(tile, "div", note, "note")
    _add(tile, "div", change, "change")


def _change(found: Report, name: str) -> str:
    one = next((one for one in found.differences if one.signal == name), None)
    over = format_duration(found.window)
    if one is None or one.difference is None:
        return f"no {over} before to compare with"
    counted = signals()[name].kind == "total" and one.before
    apart = (
        f"{100 * one.difference / one.before:+.0f} %" if counted and one.before else change(one.difference, one.unit)
    )
    return f"as in the {over} before" if apart in ("none", "+0 %", "-0 %") else f"{apart} on the {over} before"


def _charts(main: Element, found: Report, bands: Mapping[str, Bands]) -> None:
    line = found.timeline
    grid = SubElement(main, "div", {"class": "charts"})
    chart = _chart(grid, _WAYS, stacked_chart(line, line.items, _WAYS))
    chart.set("class", "wide")
    legend = SubElement(chart, "figcaption")
    for number, name in enumerate(line.items):
        _add(legend, "span", name.replace("_", " "), f"key key-{number}")
    for course in line.courses:
        known = sum(value is not None for value in course.values)
        drawn = _chart(grid, course.title, line_chart(line, course, bands.get(course.signal)) if known else None)
        missing = len(course.values) - known
        every = f"every {format_duration(line.slot)}"
        if not known:
            _add(
                drawn,
                "p",
                f"Not enough data: no stretch of {format_duration(line.slot)} has {course.needed} items.",
                "none",
            )
        elif missing:
            _add(
                drawn, "figcaption", f"{every}; {missing} of {len(course.values)} have fewer than {course.needed} items"
            )
        else:
            _add(drawn, "figcaption", every)
    if found.firings.firings:
        strip = firing_strip(found.start, found.end, found.firings.firings)
        _chart(grid, "Alerts that fired", strip).set("class", "wide")


def _chart(grid: Element, name: str, svg: Element | None) -> Element:
    made = SubElement(grid, "figure")
    _add(made, "h2", name)
    if svg is not None:
        made.append(svg)
    return made


def _section(main: Element, section: Section) -> None:
    part = SubElement(main, "section")
    _add(part, "h2", section.title)
    if section.rows:
        _table(part, section)
    else:
        _add(part, "p", section.note, "none")
    for remark in section.remarks:
        _add(part, "p", remark, "remark")


def _table(part: Element, section: Section) -> None:
    table = SubElement(SubElement(part, "div", {"class": "scroll"}), "table")
    heads = SubElement(SubElement(table, "thead"), "tr")
    for number, column in enumerate(section.columns):
        _add(heads, "th", column, "" if number < section.words else "number")
    body = SubElement(table, "tbody")
    for row in section.rows:
        line = SubElement(body, "tr")
        for number, cell in enumerate(row):
            _cell(line, cell, "" if number < section.words else "number")


def _cell(line: Element, cell: Cell | str, kind: str) -> None:
    if isinstance(cell, str):
        _add(line, "td", cell, kind)
        return
    made = _add(line, "td", "", kind)
    _add(made, "span", cell.text or NONE, _class(cell.state))


def _class(state: State | None) -> str:
    return "" if state is None else f"state-{state.replace(' ', '-')}"
