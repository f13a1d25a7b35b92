"""What a report says beyond the overview, as tables of short texts."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.domains.catalogue import heartbeats
from monitoring.reporting.alert_history import Fired
from monitoring.reporting.changes import Change
from monitoring.reporting.report import Difference, Recommendations, Report
from monitoring.reporting.sections import Cell, Section, hours, labels_of, overview_sections, severity_of
from monitoring.wording.durations import format_duration
from monitoring.wording.figures import NONE, change, clock, figure, length

_MOST_ROWS = 30  # of a table whose length nobody bounds; one page
_CHANGED = {
    "configuration": "Configuration",
    "threshold": "Threshold",
    "feature": "Switch",
    "release": "Exporter release",
}


def report_sections(found: Report) -> Iterator[Section]:
    """Yield every table of a report, in its order."""
    yield from overview_sections(found.overview)
    if any(one.now is not None or one.before is not None for one in found.differences):
        yield differences(found)
    yield firings(found)
    if not found.shortage:
        yield changes(found)
    if found.recommendations is not None:
        yield recommendations(found.recommendations)


def title(found: Report) -> str:
    """Return the title of a report."""
    return f"Pipeline report, {clock(found.start)} to {clock(found.end)}"


def differences(found: Report) -> Section:
    """Return each signal beside the window before."""
    over = format_duration(found.window)
    rows = [_difference(one) for one in found.differences if one.now is not None or one.before is not None]
    columns = ("Signal", f"These {over}", f"The {over} before", "Difference", "Items", "Items before")
    return Section(f"Against the {over} before", columns, rows)


def _difference(one: Difference) -> tuple[Cell | str, ...]:
    if one.unit == "seconds" and one.items is None:
        values = (hours(one.now), hours(one.before))
    else:
        values = (figure(one.now, one.unit), figure(one.before, one.unit))
    return one.title, *values, change(one.difference, one.unit), _count(one.items), _count(one.items_before)


def _count(items: int | None) -> str:
    return "" if items is None else f"{items:,}"


def firings(found: Report) -> Section:
    """Return the alerts that fired: how often, how long in all, when last."""
    groups: dict[tuple[str, str, str], list[Fired]] = {}
    for one in found.firings.firings:
        groups.setdefault((one.alert, one.severity, labels_of(one)), []).append(one)
    rows = [_firing(found, some) for some in groups.values()]
    if not found.firings.rules_seen:
        none = f"Prometheus has no ALERTS of ours, not even {' or '.join(heartbeats())}"
        note = f"No alerting rules were evaluated in this window: {none}."
    else:
        note = "No alert fired."
    return Section(
        "Alerts that fired", ("Alert", "Severity", "Labels", "Last began", "Firings", "Fired for"), rows, 4, note
    )


def _firing(found: Report, some: list[Fired]) -> tuple[Cell | str, ...]:
    last = some[-1]
    began = clock(last.start) if last.start is not None else "before"
    lasted = sum((one.end or found.end) - (one.start or found.start) for one in some)
    fires = ", still firing" if last.end is None else ""
    return last.alert, severity_of(last), labels_of(last), began + fires, str(len(some)), length(lasted)


def changes(found: Report) -> Section:
    """Return what was configured otherwise in the meantime."""
    some = found.changes.changes
    rows = [_change(change) for change in some[:_MOST_ROWS]]
    if len(some) > _MOST_ROWS:
        rows.append(("", "", f"and {len(some) - _MOST_ROWS} more", "", ""))
    note = "Nothing: configurations, thresholds, switches and releases are what they were."
    return Section("What changed", ("By", "What", "Name", "From", "To"), rows, 5, note)


def _change(change: Change) -> tuple[Cell | str, ...]:
    return clock(change.at), _CHANGED[change.what], change.name or NONE, change.before or NONE, change.after


def recommendations(known: Recommendations) -> Section:
    """Return what could be set otherwise, or why nothing can be said."""
    rows: list[tuple[Cell | str, ...]] = [
        (one.threshold, one.current, one.recommended, one.reason) for one in known.advice
    ]
    note = "Nothing should be set otherwise." if known.known else "None."
    return Section("Recommendations", ("Setting", "Is", "Better", "Why"), rows, 4, note, tuple(known.caveats))


def remarks(found: Report) -> list[str]:
    """Return what one has to know to read the figures."""
    return [
        "Counts are increases of counters, extrapolated to the window by Prometheus: about right; ratios are exact.",
        f"Alerts are read every {found.firings.resolution} s; shorter firings may be missing. "
        f"Changes are known to {length(found.changes.resolution)}.",
    ]
