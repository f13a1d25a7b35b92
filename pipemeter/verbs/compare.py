"""`pipemeter compare A B`: two configurations in the same window, and which to take."""

from __future__ import annotations

import time
from typing import Any

import click
import msgspec
from rich.console import Console

from monitoring.history.blocks import Progress, PrometheusHistory, find_grid
from monitoring.servers.prometheus import PrometheusClient
from monitoring.tuning.arms import QUERIES, read_arm
from monitoring.tuning.compare import Comparison, Difference, Stratum, compare, nothing_seen
from pipemeter.asking import Duration, answered, client_for, counting, prometheus_option
from pipemeter.logs import configure_logs
from pipemeter.tables.comparison import comparison_table


@click.command("compare")
@click.argument("a")
@click.argument("b")
@prometheus_option
@click.option("--window", type=Duration(), default="7d", show_default=True, help="How far back to look.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(a: str, b: str, prometheus: str | None, window: int, as_json: bool) -> None:
    """Compare configuration A (the conservative one) with B by their label config_version.

    aggressive: take B, it saves more at no loss of quality worth speaking of. conservative: take A, its quality is
    better. balanced: neither is shown. Differences come with 95 % intervals; what is not sure enough decides nothing.
    """
    configure_logs()
    if a == b:
        raise click.UsageError(f"A and B are both {a!r}: expected two configurations")
    end = time.time()
    with counting() as progress:
        found = answered(_compare(client_for(prometheus), a, b, end, window, progress))
    if as_json:
        given = document(found, a, b) | {"window": {"start": end - window, "end": end}}
        click.echo(msgspec.json.encode(given).decode())
    else:
        Console(highlight=False).print(comparison_table(found, a, b))


async def _compare(client: PrometheusClient, a: str, b: str, end: float, window: int, progress: Progress) -> Comparison:
    grid = await find_grid(client, end, window, (a, b))
    if grid is None:
        return nothing_seen()
    history = PrometheusHistory(client, grid, progress, 2 * QUERIES)
    return compare(await read_arm(history, a), await read_arm(history, b), grid.blocks)


def document(found: Comparison, a: str, b: str) -> dict[str, Any]:
    """Return the JSON document of a comparison."""
    return {
        "decision": found.decision,
        "reason": found.reason,
        **_stratum(found.overall),
        "versions": {"A": a, "B": b},
        "by_content_type": {part.content_type: _stratum(part) for part in found.by_content_type},
        "caveats": found.caveats,
    }


def _stratum(found: Stratum) -> dict[str, Any]:
    differences: dict[str, Difference | None] = {
        "quality_diff": found.quality_diff,
        "time_savings_diff": found.time_savings_diff,
        "early_exit_rate_diff": found.early_exit_rate_diff,
        "error_rate_diff": found.error_rate_diff,
    }
    shown: dict[str, Any] = {"items": found.items, "quality": found.quality, "time_savings": found.time_savings}
    for name, one in differences.items():
        shown |= {name: one and one.value, f"{name}_ci": one and one.interval}
    return shown | {"minimum_detectable": {n.removesuffix("_diff"): d and d.detectable for n, d in differences.items()}}
