"""What is said on standard error before the work begins: what the files change, and which variables do nothing."""

from __future__ import annotations

import os

import click

from pipeline.configuration.config import Config
from pipeline.configuration.values import changes

_MOST = 6  # of each kind; `doctor` tells the rest


def say_what_differs(config: Config) -> None:
    """Say in a line what the configuration files change, and in another which variables are set in vain."""
    from pipemeter.variables import idle_variables  # loads what reads monitoring.yaml

    _say("configuration files change what is built in", [str(change) for change in changes(config)])
    _say("environment", [str(idle) for idle in idle_variables(os.environ)])


def _say(about: str, told: list[str]) -> None:
    if told:
        more = f"; and {len(told) - _MOST} more, see `pipemeter doctor`" if len(told) > _MOST else ""
        click.echo(f"pipemeter: {about}: {'; '.join(told[:_MOST])}{more}", err=True)
