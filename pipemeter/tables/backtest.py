"""A backtest as people read it: a row per alert with a timeline, what differs, what could not be judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitoring.replay.backtest import FLAPPING, LEAST_OBSERVED, AlertReport, Difference
from monitoring.replay.firings import Firing
from monitoring.replay.recorded_series import Recorded
from monitoring.servers.range_queries import Window
from monitoring.wording.durations import format_duration
from monitoring.wording.figures import plain

_CELLS = 28
_SHADES = " ▁▂▃▄▅▆▇█"
_LISTED = 20  # firings
_COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}


class Outcome(msgspec.Struct, frozen=True):
    """The JSON document. `config`, `against`: the files that were compared; times in Unix seconds.

    `not_judged`: alerts that read nothing that was recorded in the window. `difference`: None without `--against`.
    `recorded`: what the history holds of the recorded series that the alerts read, None without `--recorded`.
    """

    window: Window
    prometheus: str
    config: str
    alerts: list[AlertReport]
    not_judged: list[str]
    against: str | None = None
    difference: list[Difference] | None = None
    recorded: list[Recorded] | None = None


def show(console: Console, outcome: Outcome) -> None:
    """Print what was found."""
    window = outcome.window
    length = format_duration(window.end - window.start)
    console.print(
        f"[bold]{escape(plain(outcome.config))}[/] over {length}, {moment(window.start)} to {moment(window.end)} UTC, "
        f"evaluated every {format_duration(window.step)}, {escape(outcome.prometheus)}"
    )
    fired = [report for report in outcome.alerts if report.firings]
    if fired:
        console.print(_alerts(fired, window))
        console.print(_firings(fired))
    else:
        console.print("\nNo alert fired.")
    for line in _remarks(outcome):
        console.print(line)
    if outcome.difference is not None:
        console.print()
        console.print(_differences(outcome.difference, outcome.against or ""))


def _alerts(fired: Sequence[AlertReport], window: Window) -> Table:
    table = Table(title="Alerts that fired", title_justify="left", title_style="bold")
    for column in ("Alert", "Severity"):
        table.add_column(column, overflow="fold")
    for column in ("Firings", "A week", "Flapping", "Firing for"):
        table.add_column(column, justify="right")
    table.add_column("Timeline", no_wrap=True)
    for report in fired:
        table.add_row(
            escape(named(report)),
            f"[{_COLOURS.get(report.severity, 'white')}]{report.severity}[/]",
            str(len(report.firings)),
            "-" if report.firings_per_week is None else f"{report.firings_per_week:.1f}",
            str(report.flapping),
            format_duration(round(report.seconds_firing)),
            timeline(report.firings, window),
        )
    return table


def _firings(fired: Sequence[AlertReport]) -> Table:
    every = sorted(((one, report) for report in fired for one in report.firings), key=lambda pair: pair[0].start)
    more = f" (the last {_LISTED} of {len(every)}; all with --json)" if len(every) > _LISTED else ""
    table = Table(title=f"Firings{more}", title_justify="left", title_style="bold")
    for column in ("Alert", "Severity", "Start (UTC)", "End (UTC)"):
        table.add_column(column, overflow="fold")
    table.add_column("Peak", justify="right")
    for one, report in every[-_LISTED:]:
        begun = moment(one.start) + (" or before" if one.already else "")
        ended = "still firing" if one.ongoing else moment(one.end)
        table.add_row(escape(named(report)), report.severity, begun, ended, _number(one.peak))
    return table


def _differences(found: Sequence[Difference], against: str) -> Table | str:
    if not found:
        return f"No difference to {escape(against)}: the same alerts at the same times."
    table = Table(title=f"Difference to {escape(against)}", title_justify="left", title_style="bold")
    for column in ("Alert", "Severity"):
        table.add_column(column, overflow="fold")
    for column in ("Firings only here", "Only there", "Seconds in both", "Only here", "Only there"):
        table.add_column(column, justify="right")
    for one in found:
        seconds = (one.seconds_in_both, one.seconds_only_in_config, one.seconds_only_in_against)
        counts = (len(one.only_in_config), len(one.only_in_against))
        table.add_row(escape(named(one)), one.severity, *map(str, counts), *(f"{s:.0f}" for s in seconds))
    return table


def _remarks(outcome: Outcome) -> list[str]:
    quiet = [r for r in outcome.alerts if not r.firings and r.judged and not r.error]
    lines = [""]
    if quiet:
        names = dict.fromkeys(f"{report.alert} ({report.severity})" for report in quiet)
        lines.append(f"Never fired: {escape(', '.join(names))}")
    for report in outcome.alerts:
        if report.error:
            lines.append(f"[red]Could not be replayed:[/] {escape(named(report))}: {escape(report.error)}")
        elif not report.judged:
            lines.append(
                f"[yellow]Not judged, no data:[/] {escape(named(report))} needs {escape(', '.join(report.missing))}"
            )
    lines += _recorded(outcome.recorded or [])
    flapping = sum(report.flapping for report in outcome.alerts)
    if flapping:
        within = format_duration(FLAPPING)
        lines.append(f"Flapping: {flapping} firings began within {within} of the end of the one before.")
    observed = max((report.observed_seconds for report in outcome.alerts if report.reads), default=0)
    if observed < LEAST_OBSERVED and any(report.reads for report in outcome.alerts):
        asked = format_duration(outcome.window.end - outcome.window.start)
        lines.append(
            f"[yellow]Not enough data[/] for figures a week: {format_duration(observed)} of {asked} recorded, "
            f"{format_duration(LEAST_OBSERVED)} needed."
        )
    return lines


def _recorded(found: Sequence[Recorded]) -> list[str]:
    """Say which recorded series were read, and which were computed anew from raw series, why and where."""
    whole = [one.name for one in found if not one.gaps and not one.reason]
    lines = [f"Read as recorded: {', '.join(whole)}"] if whole else []
    for one in found:
        if one.reason:
            lines.append(f"Inlined: {one.name}: {one.reason}")
        elif one.gaps:
            first, last = one.gaps[0]
            more = f" and {len(one.gaps) - 1} more" if len(one.gaps) > 1 else ""
            lines.append(f"Inlined around gaps: {one.name}: {moment(first)} to {moment(last)}{more}")
    return lines


def named(report: AlertReport | Difference) -> str:
    """Return the name of an alert with the labels that tell it from its siblings."""
    labels = [f"{k}={v}" for k, v in report.labels.items() if k not in ("severity", "domain")]
    return plain(f"{report.alert} {{{', '.join(labels)}}}" if labels else report.alert)


def timeline(firings: Sequence[Firing], window: Window) -> str:
    """Return the window in cells, the fuller the longer an alert fired in it."""
    width = max(1.0, (window.end - window.start) / _CELLS)
    cells = []
    for index in range(_CELLS):
        begin = window.start + index * width
        inside = sum(max(0.0, min(one.end, begin + width) - max(one.start, begin)) for one in firings)
        share = inside / width
        cells.append(_SHADES[min(8, 1 + int(share * 7.5))] if share > 0 else "·")
    return "".join(cells)


def moment(at: float) -> str:
    """Return a time as `2026-01-31 04:05`, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
