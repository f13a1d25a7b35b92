"""`pipemeter alertmanager render`: the configuration that Alertmanager runs on, with its secrets filled in."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monitoring.compile.routing.config import FOLDER, TEMPLATE_MARK, alertmanager_config, templates, yaml_text
from monitoring.compile.routing.integrations import OLDEST, Version, shown
from monitoring.delivery.credentials import Credentials, find_credentials, read_secret
from monitoring.targets.targets import Targets, default_path, load_targets
from pipemeter.options import monitoring_file, read_version
from pipemeter.private_files import refuse_tracked, write_file

_COMMAND = "pipemeter alertmanager render"


target_version = click.option(
    "--alertmanager",
    "version",
    metavar="V",
    default=shown(OLDEST),
    show_default=True,
    callback=read_version,
    help="Version of Alertmanager that reads it.",
)


@click.group("alertmanager")
def command() -> None:
    """Make the configuration that Alertmanager runs on."""


@command.command("render")
@click.option("--out", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Where to.")
@target_version
@monitoring_file
def render(out: Path, version: Version, config_file: Path | None) -> None:
    """Write DIR/alertmanager.yml (mode 0600) and DIR/templates.

    Secrets come from the environment (SLACK_WEBHOOK_URL, DISCORD_WEBHOOK_URL, EXPORTER_TOKEN, ... or the same with
    _FILE at the end, naming a file). A channel whose secret is not there is left out; the log channel always stays.
    A folder that git tracks is refused.
    """
    targets = load_targets(config_file or default_path())
    credentials = find_credentials(targets.notifications, os.environ, read_secret)
    text = _rendered(targets, credentials, version)
    if warning := refuse_tracked(out):
        click.echo(f"pipemeter: {warning}", err=True)
    for note in credentials.notes:
        click.echo(f"pipemeter: {note}", err=True)
    changed = _write(out, text, templates(targets.links))
    channels = ", ".join(name for name in targets.notifications.channels if name in credentials.values)
    click.echo(f"{'wrote' if changed else 'unchanged:'} {out / 'alertmanager.yml'} (channels: {channels})")


def _rendered(targets: Targets, credentials: Credentials, version: Version) -> str:
    config = alertmanager_config(
        targets.notifications, targets.links, cooldowns=targets.cooldowns, version=version, values=credentials.values
    )
    return yaml_text(config, command=_COMMAND, notes=["It holds secrets: keep it out of version control."])


def _write(out: Path, text: str, pages: dict[str, str]) -> bool:
    """Write the templates before the configuration that uses them; remove those of ours that are no longer made."""
    changed = [write_file(out / name, page, 0o644) for name, page in pages.items()]
    for path in sorted((out / FOLDER).glob("*.tmpl")):
        if (
            f"{FOLDER}/{path.name}" not in pages
            and TEMPLATE_MARK in path.read_text(encoding="utf-8", errors="replace")[:200]
        ):
            path.unlink()
            changed.append(True)
    return any([*changed, write_file(out / "alertmanager.yml", text, 0o600)])
