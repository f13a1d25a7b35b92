"""An overview as tables of short texts: the terminal, Markdown and HTML draw the same ones, each in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from monitoring.domains import catalogue
from monitoring.reporting.alert_history import Fired
from monitoring.reporting.chosen import BEHIND, COLUMNS
from monitoring.reporting.overview import Checkpoint, Overview, Row
from monitoring.reporting.readings import Budget, Reading, State
from monitoring.wording.durations import format_duration
from monitoring.wording.figures import NONE, between, clock, figure, length

_IN_FULL = "Mean quality is that of items processed in full."
_BOTH = (
    "Quality is that of items processed in full, and behind it that of all that were scored, whichever way they went."
)
_SEVERITIES: dict[str, State] = {"critical": "critical", "warning": "warning"}


class Cell(msgspec.Struct, frozen=True):
    """A text, and the state that colours it."""

    text: str
    state: State | None = None


class Section(msgspec.Struct, frozen=True):
    """A table; without rows, what `note` says instead. The first `words` columns are texts, the others numbers.

    `remarks` stand below.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell | str, ...]]
    words: int = 1
    note: str = ""
    remarks: tuple[str, ...] = ()


def heading(found: Overview) -> str:
    """Return what the overview is about."""
    up, there = found.exporters
    exporters = f", {up} of {there} exporters up" if there else ""
    return f"{format_duration(found.window)} until {clock(found.at)}{exporters}"


def totals(found: Overview) -> list[tuple[str, str]]:
    """Return what was done and saved, as pairs of what and how much."""
    total = found.totals
    return [
        ("items", figure(total["items"], "items")),
        ("failed", figure(total["failures"], "items")),
        ("saved", hours(total["saved_seconds"])),
        ("spent", hours(total["spent_seconds"])),
        ("saved", figure(total["saved_usd"], "usd")),
        ("model calls saved", figure(total["saved_llm_calls"], "calls")),
    ]


def abandoned(found: Overview) -> str:
    """Return what became of items that nobody waited for, in a sentence; empty where there were none."""
    count = sum(found.abandoned.values())
    if not count:
        return ""
    every = count + sum(found.total(name) for name in ("items", "failures"))
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in found.abandoned.items())
    were = "item was" if count == 1 else "items were"
    return f"{count:,} {were} abandoned before the end ({reasons}): {figure(count / every, 'ratio')} of all that began"


def hours(seconds: float | None) -> str:
    """Return hours, as time saved is counted."""
    return NONE if seconds is None else f"{seconds / 3600:,.2f} h"


def overview_sections(found: Overview) -> Iterator[Section]:
    """Yield the tables of an overview; those of things that are not there are left out."""
    if not found.shortage:
        yield signals(found.readings)
    if found.budgets and not (found.shortage and all(one.left is None for one in found.budgets)):
        yield budgets(found.budgets)
    if found.content_types:
        yield rows("By content type", "Content type", found.content_types)
    if len(found.versions) > 1:
        yield rows("By configuration", "Configuration", found.versions)
    if found.checkpoints:
        yield checkpoints(found.checkpoints)
    yield from (signals(domain.readings, domain.title) for domain in found.domains)


def signals(readings: Sequence[Reading], title: str = "Against the targets") -> Section:
    """Return the judged signals against their targets."""
    columns = ("Signal", "Value", "Target", "State", "Items")
    about = (_IN_FULL,) if any(reading.signal == "quality_score_avg" for reading in readings) else ()
    return Section(title, columns, [_signal(reading) for reading in readings], remarks=about)


def _signal(reading: Reading) -> tuple[Cell | str, ...]:
    items = f"not enough data: {reading.shortage}" if reading.shortage else f"{reading.items:,}"
    if not catalogue.signal(reading.signal).counted:
        items = NONE
    return reading.title, value_of(reading), figure(reading.target, reading.unit), _verdict(reading), items


def value_of(reading: Reading) -> Cell:
    """Return a reading's value with its state, and with its interval where it has one."""
    text = figure(reading.value, reading.unit)
    if reading.interval:
        text += f" ({between(reading.interval, reading.unit)})"
    return Cell(text, reading.state)


def _verdict(reading: Reading) -> Cell:
    word = state_of(reading.state)
    missed = reading.on_target is False and reading.state == "ok"
    return Cell("ok, target missed", "ok") if missed else word


def state_of(state: State) -> Cell:
    """Return the word for a state."""
    return Cell(NONE if state == "not judged" else state, state)


def budgets(found: Sequence[Budget]) -> Section:
    """Return what is left of the error budgets."""
    columns = ("Error budget", "Good", "Objective", "Window", "Left", "State", "Events")
    return Section("Error budgets", columns, [_budget(one) for one in found])


def _budget(one: Budget) -> tuple[Cell | str, ...]:
    good = figure(None if one.bad is None else 1 - one.bad, "ratio")
    events = f"not enough data: {one.shortage}" if one.shortage else f"{one.items:,}"
    over, left = format_duration(one.window), Cell(figure(one.left, "ratio"), one.state)
    return one.slo, good, figure(one.objective, "ratio"), over, left, state_of(one.state), events


def rows(title: str, first: str, found: Sequence[Row]) -> Section:
    """Return a table of content types, or of configuration versions."""
    columns = (first, "Items", "Failed", *COLUMNS.values(), "Saved")
    return Section(title, columns, [_row(row) for row in found], remarks=(_BOTH,))


def _row(row: Row) -> tuple[Cell | str, ...]:
    values = (_with_behind(row, name) for name in COLUMNS)
    failures = figure(row.failures, "items")
    return row.name, f"{row.items:,}", failures, *values, hours(row.saved_seconds)


def _with_behind(row: Row, name: str) -> Cell:
    """Return a value, quality with that of all scored items behind it: a type that is always bypassed has no other."""
    cell, behind = value_of(row.readings[name]), row.readings.get(BEHIND.get(name, ""))
    return Cell(f"{cell.text} ({figure(behind.value, behind.unit)})", cell.state) if behind else cell


def checkpoints(found: Sequence[Checkpoint]) -> Section:
    """Return what happened at the checkpoints."""
    columns = ("Checkpoint", "Top reasons", "Asked", "Exits", "Exit rate", "Confidence")
    return Section("Checkpoints", columns, [_checkpoint(point) for point in found], words=2)


def _checkpoint(point: Checkpoint) -> tuple[Cell | str, ...]:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in point.reasons.items())
    rates = (figure(point.exit_rate, "ratio"), figure(point.confidence, "score"))
    return point.name, reasons or NONE, f"{point.evaluations:,}", f"{point.exits:,}", *rates


def active(alerts: Sequence[Fired], at: float) -> Section:
    """Return the alerts that fire."""
    found: list[tuple[Cell | str, ...]] = [(a.alert, severity_of(a), labels_of(a), _since(a, at)) for a in alerts]
    return Section("Firing alerts", ("Alert", "Severity", "Labels", "Since"), found, 4, "No alert fires.")


def severity_of(firing: Fired) -> Cell:
    """Return the word for a severity."""
    return Cell(firing.severity, _SEVERITIES.get(firing.severity))


def labels_of(firing: Fired) -> str:
    """Return the labels that tell firings of one alert apart."""
    shown = (f"{name}={value}" for name, value in firing.labels.items() if name not in ("domain", "job"))
    return ", ".join(shown) or NONE


def _since(firing: Fired, at: float) -> str:
    return NONE if firing.start is None else f"{clock(firing.start)} ({length(at - firing.start)})"
