"""`pipemeter tune`: from the metrics of a window to thresholds that reach a target."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import click
import msgspec
from rich.console import Console

from monitoring.domains.band import Bands
from monitoring.history.blocks import Progress, PrometheusHistory, find_grid
from monitoring.outlook.evidence import QUERIES, read_evidence, recounted
from monitoring.replay.replayer import Replayer
from monitoring.servers.prometheus import PrometheusClient
from monitoring.servers.range_queries import RangeReader, Window
from monitoring.targets.targets import Targets
from monitoring.tuning.expected_firings import with_firings
from monitoring.tuning.goal import Goal, goal_of, targets_goal
from monitoring.tuning.optimal_config import optimal_config
from monitoring.tuning.recommendation import Tuning
from monitoring.tuning.tune import InForce, expected_shifts, since_changes, tune
from pipeline.configuration.config import PROFILES
from pipeline.files import replacing
from pipemeter.advice import in_force
from pipemeter.asking import (
    Duration,
    answered,
    client_for,
    counting,
    prometheus_option,
    targets_for,
    targets_option,
)
from pipemeter.logs import configure_logs
from pipemeter.options import Within, read_config
from pipemeter.tables.tuning import tuning_table

_FINE, _COARSE = 60, 300  # s between evaluations of alerts
_SHORT = 2 * 86_400  # s of history up to which they are evaluated finely
_SHARE = Within(0.0, 1.0)


@click.command("tune")
@prometheus_option
@click.option("--window", type=Duration(), default="7d", show_default=True, help="How far back to look.")
@click.option("--target-bypass", type=_SHARE, help="Come as near as possible to this bypass rate.")
@click.option("--min-quality", type=_SHARE, help="Skip no more than this mean quality of kept items needs.")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), help="Come near to the targets of a profile.")
@click.option("--by", type=click.Choice(["content_type"]), help="Recommend modes too, and show every content type.")
@click.option("--config-version", help="The configuration to tune.  [default: the one with most items]")
@click.option("--write", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the recommendation as a configuration file.")  # fmt: skip
@click.option("--config", "config_dir", metavar="PLACE", type=click.Path(exists=True, path_type=Path),
              help="The configuration in force, for what metrics do not tell.  [default: as for `run`]")  # fmt: skip
@targets_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    prometheus: str | None,
    window: int,
    target_bypass: float | None,
    min_quality: float | None,
    profile: str | None,
    by: Literal["content_type"] | None,
    config_version: str | None,
    write: Path | None,
    config_dir: Path | None,
    targets_file: Path | None,
    as_json: bool,
) -> None:
    """Recommend thresholds, exit confidences and modes from what Prometheus saw.

    Without a goal, the targets of monitoring.yaml are the goal (built in: bypass rate 0.60, quality 0.75, those of the
    profile balanced). What buckets and samples cannot tell is stated as an interval.
    """
    configure_logs()
    if sum(given is not None for given in (target_bypass, min_quality, profile)) > 1:
        raise click.UsageError("name one goal: --target-bypass, --min-quality or --profile")
    config, targets = read_config(config_dir, None), targets_for(targets_file)
    goal, end = _goal(target_bypass, min_quality, profile, targets), time.time()
    asked = _Asked(end, window, config_version, in_force(config), goal, by is not None, targets)
    with counting() as progress:
        found = answered(_tuned(client_for(prometheus), asked, progress))
    if write is not None and found.recommendations:
        with replacing(write) as file:
            file.write(optimal_config(found, config).encode())
    if as_json:
        document = msgspec.to_builtins(found) | {"window": {"start": end - window, "end": end}}
        click.echo(msgspec.json.encode(document).decode())
        return
    Console(highlight=False).print(tuning_table(found))
    if write is not None:
        click.echo(f"written: {write}" if found.recommendations else "nothing written: there is nothing to recommend")


def _goal(bypass: float | None, quality: float | None, profile: str | None, targets: Targets) -> Goal:
    if bypass is None and quality is None and profile is None:
        wanted = [targets.bands.get(name, Bands()).target for name in ("bypass_rate", "quality_score_avg")]
        if any(value is not None for value in wanted):
            return targets_goal(wanted[0], wanted[1], "the targets of monitoring.yaml")
    return goal_of(target_bypass=bypass, min_quality=quality, profile=profile)


class _Asked(msgspec.Struct, frozen=True):
    """What the command line says. `end` in Unix seconds, `window` in seconds."""

    end: float
    window: int
    version: str | None
    in_force: InForce
    goal: Goal
    by_content_type: bool
    targets: Targets


async def _tuned(client: PrometheusClient, asked: _Asked, progress: Progress) -> Tuning:
    grid = await find_grid(client, asked.end, asked.window, () if asked.version is None else (asked.version,))
    evidence = None
    if grid is not None:
        history = PrometheusHistory(client, grid, progress, QUERIES)
        evidence = await read_evidence(history, asked.version)
        if evidence is not None:
            evidence = await recounted(history, since_changes(evidence, asked.in_force))
    found = tune(evidence, asked.in_force, asked.goal, by_content_type=asked.by_content_type, bands=asked.targets.bands)
    if grid is None or evidence is None or not found.alerts:
        return found
    step = _FINE if evidence.blocks * grid.block_seconds <= _SHORT else _COARSE
    span = Window.ending(asked.end, evidence.blocks * grid.block_seconds, step)
    shifts = expected_shifts(evidence, asked.in_force, found)
    replayer = Replayer(RangeReader(client), span)
    alerts = await with_firings(found.alerts, replayer, asked.targets, shifts, grid.block_seconds, progress)
    return msgspec.structs.replace(found, alerts=alerts)
