"""Signals over a window, slot by slot: what charts are drawn from."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import msgspec

from monitoring.domains.catalogue import signals
from monitoring.promql.expressions import expression, volume
from monitoring.reporting.chosen import DRAWN
from monitoring.reporting.window_queries import Questions
from monitoring.servers.prometheus import Series
from monitoring.wording.durations import format_duration
from monitoring.wording.units import Unit
from pipeline.events import PROCESSING_TYPES

LENGTHS = (60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800)
_MOST = 48  # slots; from 50 points on VictoriaMetrics moves their times
_FEWEST = 7
_SCRAPES = 4  # at least in a slot: an increase needs two
_ROOM = 2  # times the items that a slot needs, on average


class Course(msgspec.Struct, frozen=True):
    """A signal's value in each slot, None where fewer than `needed` items were."""

    signal: str
    title: str
    unit: Unit
    needed: int
    values: list[float | None]


class Timeline(msgspec.Struct, frozen=True):
    """The slots of a window, each `slot` seconds long, by their ends (Unix seconds); items by the way they went."""

    slot: int
    ends: list[float]
    items: dict[str, list[float | None]]
    courses: list[Course]


def slot_length(window: int, scrapes: int, items: float, needed: int) -> int:
    """Return how long slots should be: enough scrapes and items in each, not too many of them, not too few."""
    fitting = [length for length in LENGTHS if window / length <= _MOST]
    least = _SCRAPES * window / max(scrapes, 1)
    busy = _ROOM * needed * window / max(items, 1.0)
    for length in fitting:
        following = [longer for longer in fitting if longer > length]
        too_long = not following or window / following[0] < _FEWEST
        if length >= least and (length >= busy or too_long):
            return length
    return fitting[-1] if fitting else math.ceil(window / _MOST)


async def timeline(questions: Questions, slot: int, needed: dict[str, int]) -> Timeline:
    """Ask for all slots. `needed`: items that each signal needs in a slot. Raises PrometheusError."""
    slots = max(1, questions.window // slot)
    ends = [questions.at - n * slot for n in reversed(range(slots))]
    over = format_duration(slot)
    items = await questions.course(expression(signals()["items"], over, by=("processing_type",)), slot)
    courses = await asyncio.gather(*(_course(questions, name, slot, ends, needed.get(name, 1)) for name in DRAWN))
    found = {series.labels.get("processing_type", ""): placed([series], ends) for series in items}
    ways = [*PROCESSING_TYPES, *sorted(set(found) - set(PROCESSING_TYPES))]
    return Timeline(slot, ends, {way: found[way] for way in ways if way in found}, courses)


async def _course(questions: Questions, name: str, slot: int, ends: Sequence[float], needed: int) -> Course:
    signal, over = signals()[name], format_duration(slot)
    values, volumes, missing = await asyncio.gather(
        questions.course(expression(signal, over), slot),
        questions.course(volume(signal, over), slot),
        questions.missing(signal),
    )
    if missing:
        return Course(name, signal.title, signal.unit, needed, [None] * len(ends))
    both = zip(placed(values, ends), placed(volumes, ends), strict=True)
    known = [value if volume is not None and round(volume) >= needed else None for value, volume in both]
    return Course(name, signal.title, signal.unit, needed, known)


def placed(found: Sequence[Series], ends: Sequence[float]) -> list[float | None]:
    """Return the first series' value at each of the ends, None where there is none."""
    points = {round(at): value for at, value in found[0].points if math.isfinite(value)} if found else {}
    return [points.get(round(end)) for end in ends]
