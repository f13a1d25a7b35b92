"""`pipemeter assign`: the A/B group of an item, the same every time."""

from __future__ import annotations

import sys

import click
import msgspec

from pipeline.assignment import VERSIONS, assign


@click.command("assign")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "--versions", default=",".join(VERSIONS), show_default=True, help="The configurations to choose from, by commas."
)
@click.option("--weights", help="Their shares, such as 90,10.  [default: equal]")
@click.option("--salt", default="", help="Names the experiment; another one divides the same keys anew.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a key.")
def command(keys: tuple[str, ...], versions: str, weights: str | None, salt: str, as_json: bool) -> None:
    """Say which configuration the item named KEY (a URL, an id) gets; always the same one for the same key.

    Set it as CONFIG_VERSION, or record it with the item; `pipemeter compare` compares the groups. `-` reads keys from
    standard input, one a line. From Python: pipeline.assignment.assign(key, versions, weights).
    """
    names = [name.strip() for name in versions.split(",")]
    shares = None if weights is None else [_number(part) for part in weights.split(",")]
    several = len(keys) > 1 or "-" in keys
    for key in _named(keys):
        try:
            version = assign(key, names, shares, salt)
        except ValueError as error:
            raise click.UsageError(f"--versions {versions!r}, --weights {weights!r}: {error}") from error
        if as_json:
            click.echo(msgspec.json.encode({"key": key, "version": version}).decode())
        else:
            click.echo(f"{key}\t{version}" if several else version)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"--weights: {text!r}: expected a number") from None


def _named(keys: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for key in keys:
        found.extend(line.rstrip("\r\n") for line in sys.stdin) if key == "-" else found.append(key)
    return [key for key in found if key]
