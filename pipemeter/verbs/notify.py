"""`pipemeter notify preview`: the messages that alerts become, from the templates that Alertmanager will use."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import click
import msgspec

from monitoring.compile.routing.config import templates
from monitoring.delivery.samples import Situation, situations, template_data
from monitoring.targets.targets import Targets, default_path, load_targets
from pipeline.errors import PipemeterError
from pipemeter.options import monitoring_file

_PARTS = {"slack": ("title", "color", "slack"), "discord": ("title", "discord")}
_BETWEEN = "\x1f"  # parts of one rendering
_INSTALL = (
    "amtool is not installed: it comes with Alertmanager (Debian and Ubuntu: sudo apt install prometheus-alertmanager; "
    "others: https://prometheus.io/download/#alertmanager)"
)


class Message(msgspec.Struct, frozen=True):
    """What one channel shows in one situation. `color`: Discord's is chosen by Alertmanager, None."""

    situation: str
    channel: str
    title: str
    text: str
    color: str | None = None


@click.group("notify")
def command() -> None:
    """Show the messages that alerts become."""


@command.command("preview")
@click.option("--channel", type=click.Choice(sorted(_PARTS)), help="One kind of channel.  [default: all]")
@click.option("--alert", "name", metavar="NAME", help="The alert to show.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@monitoring_file
def preview(channel: str | None, name: str | None, as_json: bool, config_file: Path | None) -> None:
    """Print the messages of a firing, a resolved, several and a test alert, with example values."""
    targets = load_targets(config_file or default_path())
    found = situations(targets, name, time.time())
    channels = [channel] if channel else sorted(_PARTS, reverse=True)
    messages = rendered(targets, found, channels)
    if as_json:
        click.echo(msgspec.json.encode({"messages": messages}).decode())
        return
    for message in messages:
        click.secho(
            f"--- {message.channel}, {message.situation}" + (f" ({message.color})" if message.color else ""), dim=True
        )
        click.secho(message.title, bold=True)
        click.echo(f"{message.text}\n")


def rendered(targets: Targets, found: list[Situation], channels: list[str]) -> list[Message]:
    """Return the messages as amtool renders them. Raises PipemeterError when it is missing or refuses."""
    amtool = shutil.which("amtool")
    if amtool is None:
        raise PipemeterError(_INSTALL)
    with tempfile.TemporaryDirectory(prefix="pipemeter-") as folder:
        for name, text in templates(targets.links).items():
            (Path(folder) / Path(name).name).write_text(text, encoding="utf-8")
        return [
            _message(amtool, Path(folder), targets, situation, channel) for channel in channels for situation in found
        ]


def _message(amtool: str, folder: Path, targets: Targets, situation: Situation, channel: str) -> Message:
    data = folder / "data.json"
    data.write_bytes(msgspec.json.encode(template_data(situation.alerts, targets.links.alertmanager_url)))
    text = _BETWEEN.join(f'{{{{ template "pipemeter.{part}" . }}}}' for part in _PARTS[channel])
    command_line = [amtool, "template", "render", f"--template.glob={folder}/*.tmpl", f"--template.text={text}",
                    f"--template.data={data}"]  # fmt: skip
    done = subprocess.run(command_line, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - no shell
    if done.returncode:
        raise PipemeterError(f"amtool refuses the templates: {done.stderr.strip()}")
    parts = dict(zip(_PARTS[channel], done.stdout.removesuffix("\n").split(_BETWEEN), strict=True))
    return Message(situation.name, channel, parts["title"], parts[channel], parts.get("color"))
