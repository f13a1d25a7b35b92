"""`pipemeter serve`: the exporter alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from exporter.app import create_app
from exporter.server.running import DEFAULT_HOST, DEFAULT_PORT, serve
from exporter.settings import settings_from
from pipemeter.logs import configure_logs
from pipemeter.notices import say_what_differs
from pipemeter.options import read_config


@click.command("serve")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to serve on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: any free one.")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that acknowledged records are kept in.  [default: in the state folder]",
)
@click.option("--no-journal", is_flag=True, help="Keep nothing: a restart begins at 0.")
@click.option(
    "--sync",
    type=click.Choice(["normal", "full"]),
    help="normal survives a kill, full a power failure too.  [default: normal]",
)
@click.option(
    "--config",
    "config_dir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Configuration folder, for the label values known beforehand.  [default: ./config where it exists]",
)
def command(
    host: str, port: int, journal: Path | None, no_journal: bool, sync: str | None, config_dir: Path | None
) -> None:
    """Serve /metrics and take records from other processes, until Ctrl-C or SIGTERM.

    Acknowledged records survive a kill; counters go on where they were.
    """
    if journal and no_journal:
        raise click.UsageError("--journal and --no-journal exclude each other")
    configure_logs()
    given: dict[str, Any] = {"journal": None} if no_journal else {"journal": journal} if journal else {}
    if sync:
        given["sync"] = sync
    settings = settings_from(os.environ, **given)
    config = read_config(config_dir, None)
    say_what_differs(config)
    app = create_app(settings=settings, config=config)
    kept = f"records are kept in {settings.journal}" if settings.journal else "records are not kept over a restart"

    def started(url: str) -> None:
        click.echo(f"Serving {url} (/metrics, /api/performance/) until Ctrl-C; {kept}", err=True)

    serve(app, host, port, on_started=started)
