"""What the commands that read Prometheus cost, at 30 days and 10,000 series.

python -m bench.queries [--days 30] [--instances 3] [--spacing 900]

A simulated history is backfilled into a real Prometheus, in blocks of the sizes it makes itself. The peer, measured in
the same run, is what one would do without the commands: fetch the raw buckets of the quality scores hour by hour.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np

from bench.backfill import Series, backfill, running_prometheus
from bench.worlds import Arm, World, decide, draw, series
from monitoring.arms import read_arm
from monitoring.compare import compare
from monitoring.evidence import read_evidence
from monitoring.goal import goal_of
from monitoring.history import PrometheusHistory, find_grid
from monitoring.prometheus import PrometheusClient
from monitoring.tune import InForce, tune

Command = Callable[[PrometheusClient, float, int], Awaitable[str]]
_ARMS = (
    Arm("conservative", (0.70, 0.60, 0.60, 0.60), share=0.5),
    Arm("aggressive", (0.60, 0.60, 0.60, 0.60), share=0.5),
)
_ITEMS_A_DAY = 2000  # of one instance
_BLOCK_HOURS = 54  # the largest that a server with 30 days of retention makes


def history(instances: int, times: np.ndarray[tuple[int], np.dtype[np.float64]], seconds: float) -> Iterator[Series]:
    world = World(arms=_ARMS)
    for n in range(instances):
        drawn = draw(world, np.random.default_rng(n), round(_ITEMS_A_DAY * seconds / 86_400), seconds)
        target = {"job": "pipeline", "instance": f"exporter-{n}:8000"}
        yield from series(decide(world, drawn), times, start=float(times[0]), labels=target)


async def tuned(client: PrometheusClient, end: float, window: int) -> str:
    grid = await find_grid(client, end, window)
    assert grid is not None
    found = tune(await read_evidence(PrometheusHistory(client, grid)), InForce({}), goal_of(), by_content_type=True)
    return f"{found.items} items, min_overall {found.recommendations[0].recommended}"


async def compared(client: PrometheusClient, end: float, window: int) -> str:
    grid = await find_grid(client, end, window)
    assert grid is not None
    past = PrometheusHistory(client, grid)
    found = compare(await read_arm(past, "conservative"), await read_arm(past, "aggressive"), grid.blocks)
    return f"{found.overall.items['A']} and {found.overall.items['B']} items, {found.decision}"


async def raw_buckets(client: PrometheusClient, end: float, window: int) -> str:
    found = await client.query_range("pipeline_quality_score_bucket", end - window, end, 3600)
    return f"{len(found)} series, {sum(len(one.points) for one in found):,} points"


COMMANDS: dict[str, Command] = {"tune": tuned, "compare": compared}


async def measured(command: Command, client: PrometheusClient, end: float, window: int) -> tuple[float, str]:
    started = time.perf_counter()
    told = await command(client, end, window)
    return time.perf_counter() - started, told


async def measure(url: str, end: float, window: int) -> None:
    client = PrometheusClient(url, timeout_seconds=600.0)
    peer, told = await measured(raw_buckets, client, end, window)
    print(f"  {'raw buckets, hour by hour (peer)':36}{peer:8.2f} s           {told}")
    for name, command in COMMANDS.items():
        seconds, told = await measured(command, client, end, window)
        print(f"  {name:36}{seconds:8.2f} s  {seconds / peer:6.2f}x  {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--instances", type=int, default=3)
    parser.add_argument("--spacing", type=float, default=900.0, help="seconds between scrapes")
    given = parser.parse_args()
    window, end = given.days * 86_400, 1_764_000_000.0
    times = np.arange(end - window, end + 1, given.spacing)
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), time.perf_counter()
        backfill(history(given.instances, times, window), folder, block_hours=_BLOCK_HOURS)
        with running_prometheus(folder) as url:
            count = asyncio.run(PrometheusClient(url).query("count({job='pipeline'})", end))[0].value
            took = time.perf_counter() - started
            print(f"{count:,.0f} series, {given.days} days every {given.spacing:.0f} s (backfilled in {took:.0f} s)")
            asyncio.run(measure(url, end, window))


if __name__ == "__main__":
    main()
