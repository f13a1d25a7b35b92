"""What the commands that ask Prometheus share: options, client, progress, one sentence when it does not answer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from monitoring.history.blocks import Progress, silent
from monitoring.servers.prometheus import PrometheusClient, PrometheusError
from monitoring.targets.targets import Targets, default_path, load_targets
from monitoring.wording.durations import format_duration, parse_duration
from pipeline.errors import PipemeterError
from pipemeter.addresses import server_address
from pipemeter.stopping import Stop, stopping

DEFAULT_URL = "http://localhost:9090"
TIMEOUT_SECONDS = 130.0  # a little longer than servers give a query by default
_LATEST = 9_223_372_036  # in 2262: beyond it nanoseconds do not fit 64 bits, and servers answer nonsense
_GLANCE = 0.1  # s between looks at whether to stop, while Prometheus thinks
Command = TypeVar("Command", bound=Callable[..., Any])
Answer = TypeVar("Answer")


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only in newer clicks
    """A duration such as 24h or 7d, in seconds; at least `least`, at most `most` (None: any)."""

    name = "duration"

    def __init__(self, least: int = 60, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        if isinstance(value, int):
            return value
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.fail(f"{value!r}: expected {error}", param, ctx)
        if seconds < self._least:
            self.fail(f"{value!r}: expected at least {format_duration(self._least)}", param, ctx)
        if self._most is not None and seconds > self._most:
            self.fail(f"{value!r}: expected at most {format_duration(self._most)}", param, ctx)
        return seconds


class Time(click.ParamType):  # type: ignore[type-arg]  # see above
    """A time: Unix seconds, or ISO 8601 such as 2026-11-21 or 2026-11-21T06:00Z (UTC unless it says otherwise)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the Unix seconds."""
        seconds = _unix_seconds(value)
        if not 0 <= seconds <= _LATEST:  # not a number neither
            self.fail(f"{value!r}: expected Unix seconds, or a time such as 2026-11-21T06:00Z", param, ctx)
        return seconds


def _unix_seconds(text: str) -> float:
    """Return a time, not a number for what is none."""
    with suppress(ValueError):
        return float(text)
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def prometheus_option(command: Command) -> Command:
    """Add `--prometheus`; `client_for` takes its value."""
    return click.option(
        "--prometheus", metavar="URL", help=f"The Prometheus to ask.  [default: PROMETHEUS_URL, else {DEFAULT_URL}]"
    )(command)


def targets_option(command: Command) -> Command:
    """Add `--targets`; `targets_for` takes its value."""
    return click.option(
        "--targets",
        "targets_file",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="What good looks like.  [default: config/monitoring.yaml where it exists, else built-in values]",
    )(command)


def client_for(url: str | None) -> PrometheusClient:
    """Return a client for the Prometheus named on the command line or in the environment. Raises click.UsageError."""
    address = server_address(url, "PROMETHEUS_URL", DEFAULT_URL, "Prometheus")
    return PrometheusClient(address, timeout_seconds=TIMEOUT_SECONDS)


def targets_for(path: Path | None) -> Targets:
    """Return the targets of this command line. Raises ConfigError."""
    return load_targets(path or default_path())


def answered(question: Coroutine[Any, Any, Answer], note: str = "interrupted") -> Answer:
    """Ask, and say in one sentence if Prometheus does not answer.

    Ctrl-C or SIGTERM ends the command at once: with `note` and the exit code that shells expect. Raises PipemeterError.
    """
    with stopping(note) as stop:
        try:
            return asyncio.run(unless(stop, question))
        except asyncio.CancelledError:
            raise click.exceptions.Exit(stop.code) from None
        except PrometheusError as error:
            raise PipemeterError(f"Prometheus did not answer: {error} (name it with --prometheus)") from error


async def unless(stop: Stop, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Do work, but give it up as soon as somebody wants the command to end. Raises asyncio.CancelledError then."""
    task = asyncio.ensure_future(work)
    while not task.done():
        if stop.event.is_set():
            task.cancel()
        await asyncio.wait([task], timeout=_GLANCE)
    return task.result()


@contextmanager
def counting() -> Iterator[Progress]:
    """Show on standard error how far the asking has come; nothing where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield silent
        return
    with console.status("asking Prometheus") as status:
        yield lambda done, known: status.update(f"asking Prometheus: {done} of {known}")
