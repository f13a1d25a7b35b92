"""A comparison as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitoring.tuning.compare import Comparison, Difference, Stratum
from monitoring.wording.figures import plain

_LOOKS = {"aggressive": "green", "conservative": "green", "balanced": "bold", "insufficient_data": "yellow"}


def comparison_table(found: Comparison, a: str, b: str) -> RenderableType:
    """Return everything that a comparison has to say for itself."""
    return Group(*_parts(found, a, b))


def _parts(found: Comparison, a: str, b: str) -> Iterator[RenderableType]:
    taken = {"aggressive": f": take {b}", "conservative": f": take {a}"}.get(found.decision, "")
    yield Text(plain(f"{found.decision}{taken}"), style=_LOOKS[found.decision])
    yield Text(plain(found.reason))
    if any(found.overall.items.values()):
        yield _differences(found, a, b)
        yield _detectable(found.overall)
    for caveat in found.caveats:
        yield Text(plain(f"Caveat: {caveat}"), style="yellow")


def _differences(found: Comparison, a: str, b: str) -> Table:
    title = Text(plain(f"A = {a}, B = {b}, with 95 % intervals"))
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("Content type", "Items A", "Items B", "Quality A - B", "Savings B - A", "Early exits B - A",
                   "Errors B - A"):  # fmt: skip
        table.add_column(column, justify="left" if column == "Content type" else "right")
    for one in (found.overall, *found.by_content_type):
        differences = (one.quality_diff, one.time_savings_diff, one.early_exit_rate_diff, one.error_rate_diff)
        name = one.content_type if one is not found.overall else "all, same mix"
        table.add_row(Text(plain(name)), str(one.items["A"]), str(one.items["B"]), *map(_shown, differences))
    return table


def _shown(one: Difference | None) -> str:
    return "-" if one is None else f"{one.value:+.3f}\n{one.interval[0]:+.3f} to {one.interval[1]:+.3f}"


def _detectable(overall: Stratum) -> Text:
    quality, savings = overall.quality_diff, overall.time_savings_diff
    least = [f"{name} {d.detectable:.3f}" for name, d in (("quality", quality), ("savings", savings)) if d]
    return Text(f"Least true difference that this much data shows four times out of five: {', '.join(least) or 'none'}")
