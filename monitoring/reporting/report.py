"""The report of a window, as data: against the targets, against the window before, with what changed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from monitoring.domains.catalogue import signals
from monitoring.reporting import alert_history, changes
from monitoring.reporting.alert_history import FiringHistory
from monitoring.reporting.changes import ChangeHistory
from monitoring.reporting.chosen import TOTALS
from monitoring.reporting.overview import Overview, overview
from monitoring.reporting.timeline import Timeline, slot_length, timeline
from monitoring.reporting.window_queries import Questions
from monitoring.targets.targets import Targets
from monitoring.wording.units import Unit


class Difference(msgspec.Struct, frozen=True):
    """One signal now and in the window before; items that each rests on, where it is not itself a count."""

    signal: str
    title: str
    unit: Unit
    now: float | None
    before: float | None
    difference: float | None
    items: int | None = None
    items_before: int | None = None


class Advice(msgspec.Struct, frozen=True):
    """What to set otherwise: `current` and `recommended` as written in the configuration, and what to expect of it."""

    threshold: str
    current: str
    recommended: str
    reason: str


class Recommendations(msgspec.Struct, frozen=True):
    """What could be set otherwise. `caveats`: what it rests on, or why nothing can be said (`known` is False then)."""

    advice: list[Advice] = []
    caveats: list[str] = []
    known: bool = True


Recommender = Callable[[Questions], Awaitable[Recommendations]]


class Report(msgspec.Struct, frozen=True):
    """Everything that a report says. `recommendations` None: nobody was asked for any."""

    start: float
    end: float
    window: int
    shortage: str
    overview: Overview
    differences: list[Difference]
    changes: ChangeHistory
    firings: FiringHistory
    recommendations: Recommendations | None
    timeline: Timeline


async def report(questions: Questions, targets: Targets, recommender: Recommender | None = None) -> Report:
    """Ask for everything that a report of this window says. Raises PrometheusError."""
    earlier = questions.about(questions.start, questions.window)
    now, before = await asyncio.gather(overview(questions, targets), overview(earlier, targets, budgets=()))
    spacing = questions.window / now.scrapes if now.scrapes else 0.0
    slot = _slot(questions, now)
    needed = {reading.signal: reading.needed for reading in now.readings}
    changed, fired, course, advice = await asyncio.gather(
        changes.history(questions, spacing),
        alert_history.history(questions),
        timeline(questions, slot, needed),
        recommender(questions) if recommender else _nobody(),
    )
    return Report(
        questions.start,
        questions.at,
        questions.window,
        now.shortage,
        now,
        differences(now, before),
        changed,
        fired,
        advice,
        course,
    )


async def _nobody() -> None:
    return None


def _slot(questions: Questions, now: Overview) -> int:
    needed = max((reading.needed for reading in now.readings), default=1)
    return slot_length(questions.window, now.scrapes, now.totals["items"] or 0.0, needed)


def differences(now: Overview, before: Overview) -> list[Difference]:
    """Return each total and each judged signal beside the window before."""
    found = [_difference(name, now.totals.get(name), before.totals.get(name)) for name in TOTALS]
    for reading, earlier in zip(now.readings, before.readings, strict=True):
        found.append(_difference(reading.signal, reading.value, earlier.value, (reading.items, earlier.items)))
    return found


def _difference(
    name: str, now: float | None, before: float | None, items: Sequence[int | None] = (None, None)
) -> Difference:
    signal = signals()[name]
    apart = None if now is None or before is None else now - before
    return Difference(name, signal.title, signal.unit, now, before, apart, *items)


def document(found: object) -> Any:
    """Return data as plain JSON values, numbers to nine digits: more is noise of their summing up."""
    return _rounded(msgspec.to_builtins(found))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}") if abs(value) < 1e8 else value
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value
