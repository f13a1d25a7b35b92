"""`pipemeter init`: a folder with everything to start from, for those who have the package and not the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click
import msgspec

from pipeline.errors import PipemeterError
from pipeline.files import replacing
from pipemeter.starter import StarterFile, starter_files

State = Literal["written", "unchanged", "replaced"]
_PEOPLE_WRITE = (".env", "config/")

_NEXT = """
In Docker (exporter, Prometheus, Alertmanager, Grafana; settings in .env):
    cd {folder} && docker/compose up
With what is installed on this machine:
    cd {folder} && pipemeter serve
    cd {folder} && prometheus --config.file=prometheus/prometheus.yml
Change config/monitoring.yaml to what good looks like for you, then: cd {folder} && pipemeter compile"""


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace files that are there already and differ.")
@click.option("--json", "as_json", is_flag=True, help="What was done with each file, as one JSON document.")
def command(folder: Path, force: bool, as_json: bool) -> None:
    """Write into DIR: config/, what it compiles into, docker-compose.yml with its image's files, and a .env.

    Files that are there already are left as they are; where one differs nothing at all is written, unless --force
    replaces it (.env and config/ leave their old text beside, as NAME.bak). Done twice it changes nothing.
    """
    files = starter_files()
    states = {name: _state(folder / name, file) for name, file in sorted(files.items())}
    differing = [name for name, state in states.items() if state == "replaced"]
    if differing and not force:
        several = len(differing) > 1
        more = f" and {len(differing) - 1} more differ" if several else " differs"
        raise PipemeterError(
            f"{folder / differing[0]}{more} from what belongs there; nothing was written, --force replaces "
            f"{'them' if several else 'it'}"
        )
    for name, state in states.items():
        if state != "unchanged":
            if state == "replaced" and name.startswith(_PEOPLE_WRITE):
                (folder / name).replace(folder / f"{name}.bak")
            with replacing(folder / name, mode=files[name].mode, synced=False) as file:
                file.write(files[name].data)
    by_state = {
        state: [name for name in states if states[name] == state] for state in ("written", "replaced", "unchanged")
    }
    if as_json:
        click.echo(msgspec.json.encode({"folder": str(folder), **by_state}).decode())
        return
    click.echo(
        f"{len(files)} files in {folder}: " + ", ".join(f"{len(names)} {state}" for state, names in by_state.items())
    )
    click.echo(_NEXT.format(folder=folder))


def _state(path: Path, file: StarterFile) -> State:
    try:
        return "unchanged" if path.read_bytes() == file.data else "replaced"
    except FileNotFoundError:
        return "written"
    except OSError as error:
        raise PipemeterError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
