"""`pipemeter run`: process content, take the shortcuts that are on, show what they saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.configuration.config import Config
from pipeline.recording.environment import exporter_address
from pipeline.recording.recorder import NullRecorder, Recorder
from pipeline.recording.savings import CostModel
from pipeline.running.outcome import Outcome
from pipeline.state import state_dir
from pipemeter import exits
from pipemeter.logs import configure_logs
from pipemeter.notices import say_what_differs
from pipemeter.options import configuration, named_sources, read_config
from pipemeter.packages import need
from pipemeter.stopping import Stop, stopping
from pipemeter.tables.closing import closing_table


@click.command("run")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Items worked on at a time.")
@click.option("--again", is_flag=True, help="Process items anew that memory already knows.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per item on standard output.")
@click.option("--serve", is_flag=True, help="Serve /metrics meanwhile and afterwards, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to serve on.")
@click.option("--push", metavar="URL", help="Send what happens to the exporter at URL.")
@configuration
def command(
    sources: tuple[str, ...],
    workers: int,
    again: bool,
    as_json: bool,
    serve: bool,
    host: str,
    port: int,
    push: str | None,
    config_dir: Path | None,
    profile: str | None,
    allow_private: bool,
) -> int:
    """Process each SOURCE: a file, a folder, a URL, a feed, or `-` for a list of them on standard input.

    Shortcuts are off unless switched on: ENABLE_QUALITY_FILTERING, ENABLE_CONTENT_ROUTING, ENABLE_EARLY_EXIT. Exit code
    0 if all went well, 3 if some items failed, 2 for bad usage or configuration.
    """
    if serve and push:
        raise click.UsageError("--serve and --push exclude each other: records are counted in one place")
    configure_logs()
    config = read_config(config_dir, profile, allow_private)
    say_what_differs(config)
    if serve or push:
        config = msgspec.structs.replace(config, flags=msgspec.structs.replace(config.flags, dashboard_metrics=True))
    names = named_sources(sources)
    need("run")
    from pipeline.running.engine import PRIORS  # the stages' libraries take a second to load: after the checks above

    costs = CostModel(state_dir() / "costs.sqlite", PRIORS)
    console = Console(stderr=as_json, highlight=False)
    with ExitStack() as stack:
        recorder, address = stack.enter_context(_recorder(config, costs, serve, host, port, push))
        with stopping("stopping; items under way are finished, a second Ctrl-C drops them") as stop:
            outcomes = _process(names, config, recorder, workers=workers, again=again, as_json=as_json, stop=stop)
        console.print(closing_table(outcomes))
        if stop.event.is_set():
            click.echo("pipemeter: interrupted, the rest was not begun", err=True)
            return stop.code
        if address:
            with stopping("shutting down") as stop:
                console.print(f"\nServing {address} (/metrics, /api/performance/) until Ctrl-C", highlight=False)
                stop.wait()
    return exits.SOME_FAILED if any(outcome.failed for outcome in outcomes) else 0


@contextmanager
def _recorder(
    config: Config, costs: CostModel, serve: bool, host: str, port: int, push: str | None
) -> Iterator[tuple[Recorder, str | None]]:
    """Give the recorder, and the address that is served if any."""
    if serve:
        from pipemeter.serving import serving  # the exporter is loaded only where it serves

        with serving(config, costs, host, port) as (recorder, address):
            recorder.record(config.activated())
            yield recorder, address
    elif push or config.flags.dashboard_metrics:
        from pipeline.recording.push import PushRecorder

        url, token = exporter_address(push)
        with PushRecorder(url, token=token, config=config, costs=costs) as recorder:
            recorder.record(config.activated())
            yield recorder, None
    else:
        yield NullRecorder(config, costs), None


def _process(
    names: list[str], config: Config, recorder: Recorder, *, workers: int, again: bool, as_json: bool, stop: Stop
) -> list[Outcome]:
    from pipeline.running.batch import by_priority, expand_all, run_all
    from pipeline.running.engine import Engine
    from pipeline.running.local_toolbox import LocalToolbox

    outcomes: list[Outcome] = []

    def took(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if as_json:
            click.echo(msgspec.json.encode(outcome).decode())

    with _progress() as progress, LocalToolbox(config, recorder) as toolbox:
        task = progress.add_task("looking", total=None)
        sources, failures = expand_all(names, toolbox.expand, recorder)
        for failure in failures:
            took(failure)
        sources = by_priority(sources, config.routing, toolbox.guess_type)
        engine = Engine(recorder, toolbox, again=again)
        try:
            progress.update(task, total=len(sources), description="processing")
            for outcome in run_all(engine, sources, workers=workers, stop=stop.event):
                took(outcome)
                progress.update(task, advance=1, description=Path(outcome.source).name[-40:] or outcome.source[-40:])
            progress.update(task, description="done")
        finally:
            engine.close()
    return outcomes


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description:<40}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))
