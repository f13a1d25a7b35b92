"""`pipemeter report`: the week in one page."""

from __future__ import annotations

import time
from pathlib import Path

import click
import msgspec

from monitoring.reporting.report import Report, document, report
from monitoring.reporting.window_queries import Questions, Tally
from monitoring.targets.targets import Targets
from pipeline.files import replacing
from pipemeter.advice import recommender
from pipemeter.asking import (
    Duration,
    Time,
    answered,
    client_for,
    counting,
    prometheus_option,
    targets_for,
    targets_option,
)
from pipemeter.logs import configure_logs
from pipemeter.options import read_config

FORMATS = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


@click.command("report")
@click.option("--window", type=Duration(600), default="7d", show_default=True, help="How far to look back.")
@click.option("--at", type=Time(), help="Where the window ends.  [default: now]")
@click.option(
    "--format", "form", type=click.Choice(["md", "html", "json"]), help="[default: by the name of the file, else md]"
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write into this file.  [default: standard output]",
)
@click.option("--config", "config_dir", metavar="DIR", type=click.Path(exists=True, path_type=Path),
              help="The configuration in force, for recommendations.  [default: as for `run`]")  # fmt: skip
@targets_option
@prometheus_option
def command(
    window: int,
    at: float | None,
    form: str | None,
    as_json: bool,
    output: Path | None,
    config_dir: Path | None,
    targets_file: Path | None,
    prometheus: str | None,
) -> None:
    """Report a window: totals, savings, quality and alerts against the targets and the window before; what changed.

    The same data and the same --at give the same bytes. Exit code 0 whenever Prometheus answered.
    """
    configure_logs()
    chosen = "json" if as_json else form or FORMATS.get(output.suffix.lower() if output else "", "md")
    client, targets, config = client_for(prometheus), targets_for(targets_file), read_config(config_dir, None)
    with counting() as progress:
        questions = Questions(client, time.time() if at is None else at, window, Tally(progress))
        found = answered(report(questions, targets, recommender(config, targets)))
    text = rendered(found, targets, chosen)
    if output is None:
        click.echo(text.encode(), nl=False)  # UTF-8 wherever it goes, as the page itself says
        return
    with replacing(output) as file:
        file.write(text.encode())


def rendered(found: Report, targets: Targets, form: str) -> str:
    """Return a report in one of the formats."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(document(found))).decode() + "\n"
    if form == "html":
        from monitoring.reporting.page import report_html

        return report_html(found, targets.bands)
    from monitoring.reporting.markdown import report_markdown

    return report_markdown(found)
