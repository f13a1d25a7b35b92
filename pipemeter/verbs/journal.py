"""`pipemeter journal check|repair`: whether what the exporter keeps is whole, and mending it by hand."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from exporter.journal.checkup import Checkup, check
from exporter.journal.journal import Journal
from exporter.settings import settings_from
from pipeline.errors import PipemeterError
from pipemeter import exits
from pipemeter.logs import configure_logs

_journal = click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The journal.  [default: EXPORTER_JOURNAL, else journal.sqlite in the state folder]",
)
_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")


@click.group("journal")
def command() -> None:
    """Check or mend the journal, in which the exporter keeps what it acknowledged."""


@command.command("check")
@_journal
@_json
def check_journal(journal: Path | None, as_json: bool) -> None:
    """Say whether a journal is whole, and what is lost if it is not.

    Nothing is changed. Beside a running exporter only rows are looked at, not how the file hangs together.
    Exit code 1 for a damaged journal.
    """
    found = check(_path(journal))
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        click.echo("\n".join(_told(found)))
    if found.state == "damaged":
        sys.exit(exits.FAILED)


@command.command("repair")
@_journal
@_json
def repair(journal: Path | None, as_json: bool) -> None:
    """Put what can be had of a damaged journal into a new one; the old file is kept under a dated name.

    An exporter does the same when it starts. Refused while one is at work on the journal.
    """
    configure_logs()
    path = _path(journal)
    if not path.exists() and not Path(f"{path}-wal").exists():
        raise PipemeterError(f"there is no journal {path}")
    opened = Journal(path)
    mended = opened.mended
    opened.close()
    if as_json:
        click.echo(msgspec.json.encode({"journal": str(path), "mended": mended}))
    else:
        click.echo(mended.sentence() if mended else f"journal {path} is whole; there is nothing to mend")


def _path(given: Path | None) -> Path:
    path = given or settings_from(os.environ).journal
    if path is None:
        raise PipemeterError("no journal is kept (EXPORTER_JOURNAL is off); name one with --journal PATH")
    return path


def _told(found: Checkup) -> list[str]:
    if found.state == "none":
        return [f"there is no journal {found.journal}"]
    used = " (an exporter is at work on it)" if found.in_use else ""
    lines = [f"journal {found.journal} is whole{used}"] if found.state == "whole" else [f"{found.reason}{used}"]
    if found.snapshot_timestamp_seconds is not None:
        at = datetime.fromtimestamp(found.snapshot_timestamp_seconds, UTC).isoformat(" ", "seconds")
        lines.append(f"snapshot of {at}")
    lines.append(f"{found.entries} entries since, {found.keys} keys, {found.records or 0} records accepted in all")
    if found.state == "damaged":
        more = " or more" if found.at_least else ""
        lines.append(f"{found.lost_records}{more} records are lost; `pipemeter journal repair` puts the rest back")
    return lines
