"""Options that several verbs share."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from pipeline.configuration.config import PROFILES, Config, default_directory, load_config

if TYPE_CHECKING:
    from monitoring.compile.routing.integrations import Version

Command = TypeVar("Command", bound=Callable[..., Any])


class Within(click.FloatRange):
    """A number in a range; "nan" is none, though no comparison says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r}: expected a number from {self.min:g} to {self.max:g}", param, ctx)
        return found


def configuration(command: Command) -> Command:
    """Add `--config`, `--profile` and `--allow-private`; `read_config` takes their values."""
    for option in (
        click.option(
            "--allow-private", is_flag=True, help="Let URLs reach private and local addresses (refused by default)."
        ),
        click.option("--profile", type=click.Choice(sorted(PROFILES)), help="Thresholds as a set; over the files."),
        click.option(
            "--config",
            "config_dir",
            metavar="PLACE",
            type=click.Path(exists=True, path_type=Path),
            help="Configuration folder, or one file with any of its sections.  [default: ./config where it exists, "
            "else built-in values]",
        ),
    ):
        command = option(command)
    return command


def read_config(config_dir: Path | None, profile: str | None, allow_private: bool = False, **replaced: Any) -> Config:
    """Return the configuration for this command line. Raises ConfigError."""
    config = load_config(config_dir or default_directory(), os.environ, profile=profile, **replaced)
    if not allow_private:
        return config
    open_download = msgspec.structs.replace(config.download, allow_private_addresses=True)
    origins = {**config.origins, "download.allow_private_addresses": "command line"}
    return msgspec.structs.replace(config, download=open_download, origins=origins)


def named_sources(sources: Iterable[str]) -> list[str]:
    """Return the sources named on the command line; `-` stands for one a line on standard input."""
    names: list[str] = []
    for source in sources:
        if source == "-":
            names.extend(line.strip() for line in sys.stdin if line.strip() and not line.lstrip().startswith("#"))
        else:
            names.append(source)
    if not names:
        raise click.UsageError(
            "no source given: name files, folders, URLs or feeds, or `-` for a list on standard input"
        )
    return names


def read_version(ctx: click.Context, parameter: click.Parameter, value: str) -> Version:
    """Read a version such as 0.25 from the command line."""
    from monitoring.compile.routing.integrations import parse_version  # only who compiles needs it

    try:
        return parse_version(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


monitoring_file = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="monitoring.yaml.  [default: ./config/monitoring.yaml where it exists, else built-in values]",
)
