"""`pipemeter status`: the overview in the terminal, once or watched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from monitoring.reporting.overview import Overview, overview
from monitoring.reporting.readings import Budget
from monitoring.reporting.report import document
from monitoring.reporting.window_queries import Questions, Tally
from monitoring.servers.prometheus import PrometheusClient, PrometheusError
from monitoring.targets.targets import Targets
from monitoring.wording.figures import clock
from pipemeter.asking import (
    Duration,
    Time,
    answered,
    client_for,
    counting,
    prometheus_option,
    targets_for,
    targets_option,
    unless,
)
from pipemeter.logs import configure_logs
from pipemeter.options import Within
from pipemeter.stopping import Stop, stopping
from pipemeter.tables.overview import overview_table

_BUDGETS_LAST = 300.0  # s: they look back a month, which is dear, and change slowly


@click.command("status")
@click.option(
    "--watch", type=Within(1, 3600), is_flag=False, flag_value=10.0, metavar="[SECONDS]",
    help="Draw anew every so many seconds (10) until Ctrl-C.",
)  # fmt: skip
@click.option("--window", type=Duration(), default="24h", show_default=True, help="How far to look back.")
@click.option("--at", type=Time(), help="Where the window ends.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; with --watch one a line.")
@targets_option
@prometheus_option
def command(
    watch: float | None, window: int, at: float | None, as_json: bool, targets_file: Path | None, prometheus: str | None
) -> None:
    """Show what the pipeline did and saved, how good it was, and how that stands against the targets.

    Exit code 0 whenever Prometheus answered, whatever it said; 1 if it could not be reached.
    """
    configure_logs()
    if watch and at is not None:
        raise click.UsageError("--watch is about now; it does not go with --at")
    client, targets = client_for(prometheus), targets_for(targets_file)
    if watch:
        _Watch(client, targets, window, as_json).run(watch)
        return
    with counting() as progress:
        questions = Questions(client, time.time() if at is None else at, window, Tally(progress))
        found = answered(overview(questions, targets))
    _print(found, as_json)


def _print(found: Overview, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(document(found)).decode())
    else:
        Console(highlight=False).print(overview_table(found))


class _Watch:
    """Draws one overview after the other; an outage of Prometheus is said and waited out."""

    def __init__(self, client: PrometheusClient, targets: Targets, window: int, as_json: bool) -> None:
        self._client, self._targets, self._window, self._as_json = client, targets, window, as_json
        self._budgets: list[Budget] | None = None
        self._budgets_until = 0.0
        self._last: Overview | None = None

    def run(self, pause: float) -> None:
        """Draw until somebody wants it to end."""
        console = Console(highlight=False)
        if self._as_json or not console.is_terminal:
            with stopping("") as stop:
                self._repeat(stop, pause, lambda: _print(self._last, self._as_json) if self._last else None, _complain)
            return
        with stopping("") as stop, Live(console=console, screen=True, auto_refresh=False) as live:
            self._repeat(stop, pause, lambda: live.update(self._drawn(), refresh=True),
                         lambda error: live.update(self._drawn(error), refresh=True))  # fmt: skip
        console.print(self._drawn())

    def _repeat(
        self, stop: Stop, pause: float, show: Callable[[], None], complain: Callable[[PrometheusError], None]
    ) -> None:
        while not stop.event.is_set():
            try:
                asyncio.run(unless(stop, self._ask()))
            except asyncio.CancelledError:
                return
            except PrometheusError as error:
                complain(error)
            else:
                show()
            stop.event.wait(pause)

    async def _ask(self) -> None:
        now = time.time()
        known = self._budgets if now < self._budgets_until else None
        self._last = await overview(Questions(self._client, now, self._window), self._targets, known)
        if known is None:
            self._budgets, self._budgets_until = self._last.budgets, now + _BUDGETS_LAST

    def _drawn(self, error: PrometheusError | None = None) -> RenderableType:
        parts: list[RenderableType] = []
        if error:
            stands = f"; below is what it said at {clock(self._last.at)}" if self._last else ""
            parts.append(Text(f"Prometheus does not answer: {error}{stands}", "bold red"))
        if self._last:
            parts.append(overview_table(self._last))
        return Group(*parts)


def _complain(error: PrometheusError) -> None:
    click.echo(f"pipemeter: Prometheus does not answer: {error}", err=True)
