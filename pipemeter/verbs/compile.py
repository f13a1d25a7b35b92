"""`pipemeter compile`: config/monitoring.yaml into everything that Prometheus, Alertmanager and people read."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
import msgspec

from monitoring.compile.boards.files import NEWEST as NEWEST_GRAFANA
from monitoring.compile.operator import Cluster
from monitoring.compile.output import (
    FORMATS,
    OLDEST_ALERTMANAGER,
    OLDEST_PROMETHEUS,
    Compiled,
    Difference,
    Format,
    compile_all,
    differences,
    write,
)
from monitoring.compile.routing.integrations import Version, shown
from monitoring.targets.targets import default_path, load_targets
from pipeline.defaults import default_files
from pipeline.files import replacing
from pipemeter import exits
from pipemeter.options import monitoring_file, read_version


def _cluster(namespace: str, release: str) -> Cluster:
    try:
        return Cluster(namespace, release)
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None


@click.command("compile")
@monitoring_file
@click.option(
    "--out", metavar="DIR", default=".", show_default=True, type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write into.",
)  # fmt: skip
@click.option("--target", type=click.Choice(FORMATS), default="prometheus", show_default=True, help="What reads it.")
@click.option(
    "--prometheus", metavar="V", default=shown(OLDEST_PROMETHEUS), show_default=True, callback=read_version,
    help="Version of Prometheus that reads it, or newer.",
)  # fmt: skip
@click.option(
    "--alertmanager", metavar="V", default=shown(OLDEST_ALERTMANAGER), show_default=True, callback=read_version,
    help="Version of Alertmanager that reads it, or newer.",
)  # fmt: skip
@click.option(
    "--grafana",
    metavar="V",
    default=shown(NEWEST_GRAFANA),
    show_default=True,
    callback=read_version,
    help="Version of Grafana that reads it, or newer.",
)
@click.option(
    "--namespace", default=Cluster().namespace, show_default=True, help="Of the resources (--target operator)."
)
@click.option(
    "--release",
    default=Cluster().release,
    show_default=True,
    help="Label by which the operator selects them (--target operator).",
)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if anything would change.")
@click.option("--json", "as_json", is_flag=True, help="What changed (or would) as one JSON document.")
def command(
    config_file: Path | None,
    out: Path,
    target: str,
    prometheus: Version,
    alertmanager: Version,
    grafana: Version,
    namespace: str,
    release: str,
    check: bool,
    as_json: bool,
) -> int:
    """Compile monitoring.yaml into rules, their tests, routing, messages, runbooks, reference pages and dashboards.

    The output works with the versions named and with newer ones. No secret is read or written; see `pipemeter
    alertmanager render`. The same input gives the same bytes. Where there is no prometheus/prometheus.yml yet, one to
    start from is written too; it is never touched again.
    """
    targets = load_targets(config_file or default_path())
    versions = {"prometheus": prometheus, "alertmanager": alertmanager, "grafana": grafana}
    compiled = compile_all(targets, target=cast(Format, target), cluster=_cluster(namespace, release), **versions)
    changes = differences(compiled.files, out) if check else write(compiled.files, out)
    begun = _begin(out) if target == "prometheus" and not check else []
    if as_json:
        document = {
            "out": str(out), "files": len(compiled.files), "changes": changes, "notes": compiled.notes, "begun": begun,
        }  # fmt: skip
        click.echo(msgspec.json.encode(document).decode())
    else:
        _say(compiled, changes, out, check)
        if begun:
            click.echo(f"{out / begun[0]} and its targets, to start from: yours from now on")
    return exits.FAILED if check and changes else 0


def _begin(out: Path) -> list[str]:
    """Write Prometheus's own configuration with its targets where there is none; return what was written."""
    files = default_files()
    if (out / _SCRAPES).exists():
        return []
    targets = sorted(path.relative_to(files).as_posix() for path in (files / "prometheus" / "targets").glob("*.yaml"))
    names = [_SCRAPES, *(name for name in targets if not (out / name).exists())]
    for name in names:
        with replacing(out / name) as file:
            file.write((files / name).read_bytes())
    return names


def _say(compiled: Compiled, changes: list[Difference], out: Path, check: bool) -> None:
    for note in compiled.notes:
        click.echo(f"note: {note}", err=True)
    for change in changes:
        if check or change.state == "foreign":
            click.echo(f"{out / change.path}: {_SENTENCES[change.state]}", err=True)
    if check:
        mendable = sum(change.state != "foreign" for change in changes)
        if mendable:
            click.echo(f"run `pipemeter compile` to mend {'it' if mendable == len(changes) else 'the rest'}", err=True)
        if not changes:
            click.echo("everything is as compiled", err=True)
        return
    counts = {state: sum(change.state == state for change in changes) for state in ("missing", "edited", "left over")}
    unchanged = len(compiled.files) - counts["missing"] - counts["edited"]
    click.echo(
        f"{len(compiled.files)} files in {out}: {counts['missing']} new, {counts['edited']} changed, "
        f"{counts['left over']} removed, {unchanged} as they were"
    )


_SCRAPES = "prometheus/prometheus.yml"
_SENTENCES = {
    "missing": "missing",
    "edited": "not what is compiled (edited, or compiled from another monitoring.yaml)",
    "left over": "left over from an earlier compilation",
    "foreign": "not compiled, in a folder of compiled files; move it elsewhere",
}
