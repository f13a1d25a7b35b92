"""A recommendation as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitoring.tuning.recommendation import UNKNOWN, Expectation, Tuning
from monitoring.wording.figures import plain


def tuning_table(tuning: Tuning) -> RenderableType:
    """Return everything that a recommendation has to say for itself."""
    return Group(*_parts(tuning))


def _parts(tuning: Tuning) -> Iterator[RenderableType]:
    yield Text(f"Goal: {tuning.goal}", style="bold")
    if tuning.config_version is not None:
        types = ", ".join(tuning.content_types) or "no known content type"
        yield Text(plain(f"Seen: {tuning.items} items under `{tuning.config_version}` ({types})"))
    if tuning.recommendations:
        yield _values(tuning)
    if tuning.now and tuning.expected:
        yield _outlook(tuning.now, tuning.expected, tuning.by_content_type)
    if tuning.modes:
        yield _modes(tuning)
    if any(effect.firings for effect in tuning.alerts):
        yield _alerts(tuning)
    if noisy := [e for e in tuning.alerts if e.worst != "ok"]:
        told = (f"{e.alert} ({e.worst if e.best == e.worst else f'{e.best} to {e.worst}'})" for e in noisy)
        yield Text(f"Alerts to expect: {', '.join(told)}", style="yellow")
    for share in tuning.shadow:
        low, high = share.wrong_rate
        yield Text(
            f"Shadow sample, {share.decision}: {share.wrong} of {share.items} skips wrong ({low:.0%} to {high:.0%})"
        )
    for caveat in tuning.caveats:
        yield Text(plain(f"Caveat: {caveat}"), style="yellow")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for n, column in enumerate(columns):
        table.add_column(column, justify="left" if n == 0 or column == "Why" else "right", overflow="fold")
    return table


def _values(tuning: Tuning) -> Table:
    table = _table("Recommended", "Threshold", "Now", "Recommended", "Samples", "Why")
    for one in tuning.recommendations:
        changed = "bold green" if one.recommended != one.current else "dim"
        rate = one.expected_exit_rate
        why = one.reason if rate is None else f"{one.reason}; {interval(rate)} of those asked leave"
        table.add_row(
            one.threshold,
            f"{one.current:g}",
            Text(f"{one.recommended:g}", style=changed),
            str(one.samples),
            Text(plain(why)),
        )
    return table


def _outlook(now: Expectation, then: Expectation, parts: dict[str, Expectation]) -> Table:
    table = _table("With all of it", "", "Items", "Bypass rate", "Quality of kept items", "Time savings")
    for name, one in (("now", now), ("expected", then), *parts.items()):
        quality = "-" if one.quality is None else f"{one.quality:.3f}"
        if one.quality_interval:
            quality += f" ({interval(one.quality_interval)})"
        table.add_row(Text(plain(name)), str(one.items), interval(one.bypass_rate), quality, interval(one.time_savings))
    return table


def _alerts(tuning: Tuning) -> Table:
    table = _table(
        "Alerts over this history", "Alert", "Severity", "Fired", "Would have fired", "Time firing", "Would be"
    )
    for effect in tuning.alerts:
        for one in effect.firings:
            then = f"{one.expected}" if one.fewest == one.most else f"{one.expected} ({one.fewest} to {one.most})"
            shares = (one.now_share_of_time, one.expected_share_of_time)
            table.add_row(effect.alert, one.severity, str(one.now), then, *(f"{share:.1%}" for share in shares))
    return table


def _modes(tuning: Tuning) -> Table:
    table = _table("Modes", "Content type", "Now", "Recommended", "Samples", "Why")
    for one in tuning.modes:
        name, why = Text(plain(one.content_type)), Text(plain(one.reason))
        table.add_row(name, one.current, one.recommended, str(one.samples), why)
    return table


def interval(found: tuple[float, float]) -> str:
    """Return an interval as people write it."""
    if found == UNKNOWN:
        return "unknown"
    return f"{found[0]:.2f} to {found[1]:.2f}"
