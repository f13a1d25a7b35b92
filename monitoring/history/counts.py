"""How much counters rose, counted from the samples themselves: nothing is extrapolated, a limit means its number.

Only for few items: every sample of every series that rose is read.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from monitoring.servers.prometheus import PrometheusClient
from monitoring.wording.durations import format_duration

Key = tuple[str, ...]
_GREATEST = 2.0**53  # beyond it numbers no longer count by ones
_TOGETHER = 3  # questions at a time
_LOOKS = 200  # at which it is seen since when a target was scraped
_TARGET = ("job", "instance")


class Samples(msgspec.Struct, frozen=True):
    """One counter's samples, ascending. `known_since`: when its target was scraped first; Unix seconds."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]
    known_since: float = math.inf


def rise(samples: Samples, start: float, end: float) -> float:
    """Return how much a counter rose after `start` (not included) up to `end`: resets begin anew at 0.

    A series that appears while its target was scraped already began at 0. Of one that was there when its target was
    first seen nobody knows since when it had counted: its first value belongs to the time before, unless it is no more
    than what came between two samples later.
    """
    points = [(at, value) for at, value in samples.points if at <= end and 0 <= value <= _GREATEST]
    if not points:
        return 0.0
    values = [value for _, value in points]
    steps = [value - before if value >= before else value for before, value in pairwise(values)]
    first_at, first = points[0]
    if first_at > start and (first_at > samples.known_since or first <= max(steps, default=0.0)):
        steps.insert(0, first)
    else:
        steps.insert(0, 0.0)
    return sum(step for (at, _), step in zip(points, steps, strict=True) if at > start)


async def counted(
    client: PrometheusClient, selected: str, by: Key, start: float, end: float, lookback: int
) -> dict[Key, float]:
    """Return by how much the counters that a selector names rose from `start` to `end` (Unix seconds), by labels.

    `lookback`: seconds before the start in which the last sample before it lies. Raises PrometheusError.
    """
    span = format_duration(math.ceil(end - start) + lookback)
    looks = format_duration(max(1, math.ceil((end - start + lookback) / _LOOKS)))
    family = selected.partition("{")[0]
    risen, since = await asyncio.gather(
        client.query(f"max_over_time({selected}[{span}]) > 0", end),
        client.query(f"min by ({', '.join(_TARGET)}) (min_over_time(timestamp({family})[{span}:{looks}]))", end),
    )
    first = {_key(one.labels, _TARGET): one.value for one in since}
    turn = asyncio.Semaphore(_TOGETHER)

    async def read(labels: Mapping[str, str]) -> list[Samples]:
        async with turn:
            found = await client.query_raw(f"{selector(family, labels)}[{span}]", end)
        known = first.get(_key(labels, _TARGET), math.inf)
        return [Samples(one.labels, [(at, float(v)) for at, v in one.samples], known) for one in found]

    total: dict[Key, float] = {}
    for samples in _flat(await asyncio.gather(*(read(one.labels) for one in risen))):
        key = _key(samples.labels, by)
        total[key] = total.get(key, 0.0) + rise(samples, start, end)
    return total


def selector(series: str, where: Mapping[str, str] | None = None) -> str:
    """Return the PromQL selector of a series with these label values."""
    given = {name: value for name, value in (where or {}).items() if name != "__name__"}
    if not given:
        return series
    return series + "{" + ", ".join(f"{name}={_quoted(value)}" for name, value in given.items()) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _key(labels: Mapping[str, str], names: Sequence[str]) -> Key:
    return tuple(labels.get(name, "") for name in names)


def _flat(found: Iterable[list[Samples]]) -> Iterable[Samples]:
    for some in found:
        yield from some
