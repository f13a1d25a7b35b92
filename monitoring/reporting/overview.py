"""The overview of a window: what was done and saved, how good it was, and how that stands against the targets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import domain, domains, ends_of, signals
from monitoring.domains.domain import Domain
from monitoring.domains.signal import JOB, Signal
from monitoring.promql.expressions import expression
from monitoring.reporting.alert_history import Fired, active
from monitoring.reporting.chosen import READ, TOTALS
from monitoring.reporting.readings import Budget, Reading, budget, read
from monitoring.reporting.window_queries import Key, Questions
from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from pipeline.domains.content.families import ITEMS
from pipeline.domains.content.labels import CHECKPOINTS

_ABOUT = "pipeline"  # the domain whose items, content types and checkpoints are told of in full
_REASONS = 3  # of a checkpoint's exits
_CLOSE = 0.5  # of the items that are needed, up to twice as many: extrapolation might decide


class Row(msgspec.Struct, frozen=True):
    """One content type, or one configuration version: its items, what they saved, and its readings by signal.

    `failures` None: nobody exposes any.
    """

    name: str
    items: int
    failures: int | None
    saved_seconds: float
    readings: dict[str, Reading]


class Checkpoint(msgspec.Struct, frozen=True):
    """One checkpoint: how often it was asked, how many items left there and why, how sure it was."""

    name: str
    evaluations: int
    exits: int
    exit_rate: float | None
    confidence: float | None
    reasons: dict[str, int]


class OfDomain(msgspec.Struct, frozen=True):
    """The headlines of one domain."""

    name: str
    title: str
    readings: list[Reading]


class Overview(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything about one window that ends at `at` (Unix seconds). `scrapes`: of the series seen most often.

    `exporters`: how many were up and how many there are, at the end of the window. `readings`: the headlines of the
    content pipeline, `domains`: those of the other domains that have any. `abandoned`: items that were, by reason.
    """

    at: float
    window: int
    scrapes: int
    exporters: tuple[int, int]
    totals: dict[str, float | None]
    readings: list[Reading]
    content_types: list[Row]
    versions: list[Row]
    checkpoints: list[Checkpoint]
    budgets: list[Budget]
    alerts: list[Fired]
    domains: list[OfDomain] = []
    abandoned: dict[str, int] = {}

    def total(self, name: str) -> float:
        """Return one of the totals, 0 where nothing is known of it."""
        return self.totals.get(name) or 0.0

    @property
    def shortage(self) -> str:
        """Why nothing can be said at all, with numbers; empty where something can."""
        if self.scrapes >= 2:
            return ""
        found = f"{self.scrapes} scrape" + ("" if self.scrapes == 1 else "s")
        return f"not enough data: {found} of {ITEMS.name} in {format_duration(self.window)}, at least 2 needed"


async def overview(questions: Questions, targets: Targets, budgets: Sequence[Budget] | None = None) -> Overview:
    """Ask for everything. `budgets`: those already known, which look back far and are dear. Raises PrometheusError."""
    return Overview(
        questions.at,
        questions.window,
        round(await questions.value(f"max(count_over_time({ITEMS.name}[{questions.over}]))") or 0),
        await _exporters(questions),
        await _totals(questions),
        await _headlines(questions, targets, domain(_ABOUT)),
        await _rows(questions, "content_type", targets.overrides),
        await _rows(questions, "config_version", {}),
        await _checkpoints(questions),
        list(await asyncio.gather(*(_budget(questions, slo) for slo in targets.slos)))
        if budgets is None
        else [*budgets],
        await active(questions),
        [
            OfDomain(one.name, one.title, await _headlines(questions, targets, one))
            for one in domains()
            if one.headlines and one.name != _ABOUT
        ],
        await _abandoned(questions),
    )


async def _abandoned(questions: Questions) -> dict[str, int]:
    found = await questions.signal(signals()["abandonments"], ("reason",))
    return {reason: round(count) for (reason,), count in sorted(found.items()) if round(count)}


async def _exporters(questions: Questions) -> tuple[int, int]:
    up, there = await asyncio.gather(*(questions.value(f'{how}(up{{job="{JOB}"}})') for how in ("sum", "count")))
    return round(up or 0), round(there or 0)


async def _totals(questions: Questions) -> dict[str, float | None]:
    found = await asyncio.gather(*(questions.signal(signals()[name]) for name in TOTALS))
    return {name: values.get(()) for name, values in zip(TOTALS, found, strict=True)}


async def _headlines(questions: Questions, targets: Targets, domain: Domain) -> list[Reading]:
    asked = (_overall(questions, name, targets.bands.get(name)) for name in domain.headlines)
    return list(await asyncio.gather(*asked))


async def _overall(questions: Questions, name: str, bands: Bands | None) -> Reading:
    signal = signals()[name]
    items = questions.volume(signal) if signal.counted else _as_many(questions, signal)
    asked = (questions.signal(one) for one in (signal, *ends_of(name)))
    volume, missing = await asyncio.gather(items, questions.missing(signal))
    value, *ends = await asyncio.gather(*asked)
    low, high = (end.get(()) for end in ends) if ends else (None, None)
    interval = None if low is None or high is None else (low, high)
    counted = await _counted(questions, signal, volume.get((), 0.0), bands)
    return read(signal, value.get(()), counted, bands, interval, missing)


async def _as_many(questions: Questions, signal: Signal) -> dict[Key, float]:
    """Return what a signal rests on that is no share of anything: one reading, where it has any."""
    return dict.fromkeys(await questions.signal(signal), 1.0)


async def _counted(questions: Questions, signal: Signal, volume: float, bands: Bands | None) -> float:
    """Return how many items a signal rests on, counted by the samples themselves where the limit is near."""
    needed = bands.min_items if bands else 1
    if not _CLOSE * needed <= volume <= needed / _CLOSE:
        return volume
    found = await questions.counted(signal)
    return volume if found is None else found


async def _rows(questions: Questions, label: str, bands: Mapping[str, Mapping[str, Bands]]) -> list[Row]:
    """Return a row for each value of a label that had items, the busiest first."""
    by: Key = (label,)
    counts = await asyncio.gather(
        *(questions.signal(signals()[name], by) for name in ("items", "failures", "saved_seconds"))
    )
    values = await asyncio.gather(*(questions.signal(signals()[name], by) for name in READ))
    volumes = await asyncio.gather(*(questions.volume(signals()[name], by) for name in READ))
    missing = await asyncio.gather(*(questions.missing(signals()[name]) for name in READ))
    told = not await questions.missing(signals()["error_rate"])
    items, failures, saved = counts
    rows = []
    for key in {**items, **failures}:
        readings = {
            name: read(
                signals()[name], value.get(key), volume.get(key, 0.0), bands.get(key[0], {}).get(name), None, lacking
            )
            for name, value, volume, lacking in zip(READ, values, volumes, missing, strict=True)
        }
        failed = round(failures.get(key, 0)) if told else None
        rows.append(Row(key[0], round(items.get(key, 0)), failed, saved.get(key, 0.0), readings))
    return sorted((row for row in rows if row.items or row.failures), key=lambda row: (-row.items, row.name))


async def _checkpoints(questions: Questions) -> list[Checkpoint]:
    by: Key = ("checkpoint",)
    names = ("checkpoint_evaluations", "early_exits", "checkpoint_exit_rate", "exit_confidence_avg")
    asked, left, rate, sure = await asyncio.gather(*(questions.signal(signals()[name], by) for name in names))
    reasons = await questions.signal(signals()["early_exits"], ("checkpoint", "reason"))
    found = []
    for key in sorted({**asked, **left}, key=lambda key: (_place(key[0]), key)):
        mine = {reason: round(n) for (point, reason), n in sorted(reasons.items()) if point == key[0] and round(n)}
        first = dict(sorted(mine.items(), key=lambda pair: -pair[1])[:_REASONS])
        counts = (round(asked.get(key, 0)), round(left.get(key, 0)))
        found.append(Checkpoint(key[0], *counts, rate.get(key), sure.get(key), first))
    return [point for point in found if point.evaluations or point.exits]


def _place(checkpoint: str) -> int:
    return CHECKPOINTS.index(checkpoint) if checkpoint in CHECKPOINTS else len(CHECKPOINTS)


async def _budget(questions: Questions, slo: Slo) -> Budget:
    signal, over = signals()[slo.signal], questions.about(questions.at, slo.window)
    value, volume, missing = await asyncio.gather(
        over.value(expression(signal, over.over)), over.volume(signal), over.missing(signal)
    )
    return budget(slo, signal, value, volume.get((), 0.0), missing)
