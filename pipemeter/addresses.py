"""The address of a server that a command asks: from the command line, else the environment, else the usual one."""

from __future__ import annotations

import os

import click

from monitoring.wording.addresses import is_http_address


def server_address(given: str | None, variable: str, usual: str, server: str) -> str:
    """Return the address. Raises click.UsageError for what is none; it is not shown, it may hold a password."""
    address = given or os.environ.get(variable) or usual
    if not is_http_address(address) or any(map(str.isspace, address)):
        wanted = f"has to begin with http:// or https:// and to name a host, such as {usual}"
        raise click.UsageError(f"the address of {server} {wanted}")
    return address
