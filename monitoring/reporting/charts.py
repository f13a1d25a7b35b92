"""Charts as inline SVG: a line with its bands, stacked bars, a strip of firings. Coloured by classes of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

import msgspec

from monitoring.domains.band import Bands
from monitoring.reporting.alert_history import Fired
from monitoring.reporting.sections import labels_of
from monitoring.reporting.timeline import Course, Timeline
from monitoring.wording.figures import clock, figure, length, plain
from monitoring.wording.units import Unit

WIDTH, WIDE, HEIGHT = 520.0, 1080.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 10.0, 22.0
_ROW = 20.0  # of a strip
_STEPS = (1, 2, 2.5, 5, 10)
_TICKS = 4
_ALL_OF_IT = 1.0  # ratios and scores end here


class Frame(msgspec.Struct, frozen=True):
    """The drawing area: times from `start` to `end`, values from `low` to `high`."""

    start: float
    end: float
    low: float
    high: float
    height: float = HEIGHT
    width: float = WIDTH

    @property
    def right(self) -> float:
        """Where the drawing area ends."""
        return self.width - _RIGHT

    def x(self, at: float) -> float:
        """Return where a time is."""
        return _LEFT + (at - self.start) / (self.end - self.start) * (self.right - _LEFT)

    def y(self, value: float) -> float:
        """Return where a value is."""
        inner = self.height - _TOP - _BOTTOM
        return _TOP + inner * (1 - (min(max(value, self.low), self.high) - self.low) / (self.high - self.low))


def line_chart(line: Timeline, course: Course, bands: Bands | None) -> Element:
    """Return a signal over time, with its target and what lies beyond its edges; open where too few items were."""
    edges = [edge for edge in _edges(bands) if edge is not None]
    known = [value for value in course.values if value is not None]
    frame = _frame(line, [*known, *edges], course.unit)
    svg = _canvas(f"{course.title} over time", frame)
    if bands and bands.enabled:
        _draw_bands(svg, frame, bands)
    _draw_axes(svg, frame, lambda value: _tick(value, course.unit), _natural(course.unit, frame.high))
    if bands and bands.target is not None:
        _draw_target(svg, frame, bands.target, course.unit)
    _draw_line(svg, frame, line, course)
    return svg


def stacked_chart(line: Timeline, series: Mapping[str, Sequence[float | None]], title: str) -> Element:
    """Return stacked bars, one a slot, in the order of the series."""
    sums = [sum(values[n] or 0.0 for values in series.values()) for n in range(len(line.ends))]
    frame = Frame(line.ends[0] - line.slot, line.ends[-1], 0.0, _ceiling(max([*sums, 1.0])), width=WIDE)
    svg = _canvas(title, frame)
    _draw_axes(svg, frame, lambda value: figure(value, "items"))
    for number, end in enumerate(line.ends):
        below = 0.0
        left, right = frame.x(end - line.slot), frame.x(end)
        for place, (name, values) in enumerate(series.items()):
            value = values[number] or 0.0
            top, bottom = frame.y(below + value), frame.y(below)
            if value > 0:
                bar = _part(svg, "rect", x=left + 0.75, y=top, width=max(right - left - 1.5, 0.5), height=bottom - top)
                bar.set("class", f"series-{place}")
                _say(bar, f"{clock(end - line.slot)}: {figure(value, 'items')} {name}")
            below += value
    return svg


def firing_strip(start: float, end: float, firings: Sequence[Fired]) -> Element:
    """Return a row for each alert with a bar for each firing."""
    rows: dict[tuple[str, str], list[Fired]] = {}
    for one in firings:
        rows.setdefault((one.alert, labels_of(one)), []).append(one)
    frame = Frame(start, end, 0.0, 1.0, _TOP + _BOTTOM + _ROW * len(rows), WIDE)
    svg = _canvas("Alerts over time", frame)
    _draw_times(svg, frame)
    for number, ((alert, labels), some) in enumerate(rows.items()):
        top = _TOP + number * _ROW
        name = _part(svg, "text", x=_LEFT, y=top + 8)
        name.set("class", "label")
        name.text = plain(f"{alert} {'' if labels == '-' else labels}".strip())
        _part(svg, "line", x1=_LEFT, x2=frame.right, y1=top + 14, y2=top + 14).set("class", "grid")
        for one in some:
            _draw_firing(svg, frame, one, top + 11)
    return svg


def _draw_firing(svg: Element, frame: Frame, one: Fired, y: float) -> None:
    first, last = one.start or frame.start, one.end or frame.end
    bar = _part(svg, "rect", x=frame.x(first), y=y, width=max(frame.x(last) - frame.x(first), 2.0), height=6, rx=2)
    bar.set("class", f"state-{one.severity if one.severity in ('critical', 'warning') else 'info'}")
    _say(bar, f"{plain(one.alert)}: {clock(first)}, {length(last - first)}")


def _edges(bands: Bands | None) -> tuple[float | None, ...]:
    if bands is None:
        return ()
    return bands.target, bands.warning_low, bands.warning_high, bands.critical_low, bands.critical_high


def _frame(line: Timeline, values: Sequence[float], unit: Unit) -> Frame:
    low, high = (min(values), max(values)) if values else (0.0, _ALL_OF_IT)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 0.1
    low, high = (max(0.0, low - room) if low >= 0 else low - room), high + room
    if unit in ("ratio", "score"):
        high = min(high, _ALL_OF_IT)
    return Frame(line.ends[0] - line.slot, line.ends[-1], low, high)


def _ceiling(value: float) -> float:
    step = _step(value)
    return math.ceil(value / step) * step


def _step(span: float) -> float:
    """Return a round distance between ticks."""
    raw = span / _TICKS
    size = 10.0 ** math.floor(math.log10(raw))
    return next(factor * size for factor in _STEPS if factor * size >= raw * (1 - 1e-9))


def _tick(value: float, unit: Unit) -> str:
    if unit == "ratio":
        return f"{100 * value:.3g} %"
    return f"{value:.3g}" if unit == "score" else figure(value, unit)


def _canvas(title: str, frame: Frame) -> Element:
    return Element("svg", {"viewBox": f"0 0 {frame.width:g} {frame.height:g}", "role": "img", "aria-label": title})


def _part(parent: Element, name: str, **attributes: float) -> Element:
    return SubElement(parent, name, {key: f"{value:.2f}".rstrip("0").rstrip(".") for key, value in attributes.items()})


def _say(part: Element, text: str) -> None:
    SubElement(part, "title").text = text


def _draw_bands(svg: Element, frame: Frame, bands: Bands) -> None:
    """Shade what lies beyond the edges."""
    zones = (
        ("critical", frame.low, bands.critical_low),
        ("warning", bands.critical_low if bands.critical_low is not None else frame.low, bands.warning_low),
        ("warning", bands.warning_high, bands.critical_high if bands.critical_high is not None else frame.high),
        ("critical", bands.critical_high, frame.high),
    )
    for state, low, high in zones:
        if low is None or high is None or frame.y(low) - frame.y(high) < 0.5:
            continue
        height = frame.y(low) - frame.y(high)
        zone = _part(svg, "rect", x=_LEFT, y=frame.y(high), width=frame.right - _LEFT, height=height)
        zone.set("class", f"zone-{state}")


def _natural(unit: Unit, high: float) -> float:
    """Return what durations are counted in: hours, minutes or seconds."""
    return next((size for size in (3600.0, 60.0) if unit == "seconds" and high >= 2 * size), 1.0)


def _draw_axes(svg: Element, frame: Frame, said: Callable[[float], str], counted_in: float = 1.0) -> None:
    step = _step((frame.high - frame.low) / counted_in) * counted_in
    for number in range(math.ceil(frame.low / step - 1e-9), math.floor(frame.high / step + 1e-9) + 1):
        y = frame.y(number * step)
        _part(svg, "line", x1=_LEFT, x2=frame.right, y1=y, y2=y).set("class", "grid")
        text = _part(svg, "text", x=_LEFT - 6, y=y + 3.5)
        text.set("class", "tick end")
        text.text = said(number * step)
    _draw_times(svg, frame)


def _draw_times(svg: Element, frame: Frame) -> None:
    """Mark round times: hours of a day, else days."""
    span = frame.end - frame.start
    steps = (3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000)
    step = next((step for step in steps if span / step <= 8), 7_776_000)
    form = "%H:%M" if step < 86_400 else "%d %b"
    for number in range(math.ceil(frame.start / step), math.floor(frame.end / step) + 1):
        x = frame.x(number * step)
        text = _part(svg, "text", x=x, y=frame.height - 6)
        text.set("class", "tick end" if x > frame.right - 12 else "tick middle")
        text.text = f"{datetime.fromtimestamp(number * step, UTC):{form}}"


def _draw_target(svg: Element, frame: Frame, target: float, unit: Unit) -> None:
    y = frame.y(target)
    _part(svg, "line", x1=_LEFT, x2=frame.right, y1=y, y2=y).set("class", "target")
    text = _part(svg, "text", x=frame.right - 2, y=y - 4 if y > _TOP + 12 else y + 12)
    text.set("class", "label end")
    text.text = f"target {_tick(target, unit)}"


def _draw_line(svg: Element, frame: Frame, line: Timeline, course: Course) -> None:
    points = [(frame.x(end - line.slot / 2), end, value) for end, value in zip(line.ends, course.values, strict=True)]
    for piece in _pieces(points):
        path = " ".join(f"{x:.2f},{frame.y(value):.2f}" for x, _, value in piece)
        SubElement(svg, "polyline", {"points": path, "class": "line"})
        for x, end, value in piece:
            dot = _part(svg, "circle", cx=x, cy=frame.y(value), r=2.2 if len(piece) > 1 else 3)
            dot.set("class", "dot")
            _say(dot, f"{clock(end - line.slot)}: {figure(value, course.unit)}")


def _pieces(points: Sequence[tuple[float, float, float | None]]) -> Iterator[list[tuple[float, float, float]]]:
    """Yield the stretches without a gap."""
    piece: list[tuple[float, float, float]] = []
    for x, end, value in points:
        if value is not None:
            piece.append((x, end, value))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece
