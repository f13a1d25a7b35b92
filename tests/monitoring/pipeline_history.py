"""Some hours of a pipeline with incidents in them: two instances, a restart, failures, poor quality, shortcuts that fail."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bench.backfill import Floats, Series

Counts = npt.NDArray[np.int_]
Switches = npt.NDArray[np.bool_]

STEP = 120  # s between scrapes
START = 1_700_006_400  # a midnight, so that subqueries fall on the same times as from 0 on
_WAYS = ("full", "lightweight", "early_exit")
_TYPES = ("news", "discussion")
_NORMAL = {"full": 3.2, "lightweight": 2.8, "early_exit": 2.4}  # items a step, type and instance
DOWN = (38, 50)  # steps in which the second instance is down; it restarts with the last


def pipeline_history(seed: int, hours: int = 6) -> list[Series]:
    """Return the raw families that the default alerts read.

    Hour 1: one instance is down for 25 minutes and restarts, records are refused now and then. 2: failures. 3: poor
    quality. 4: nothing is bypassed. 5: nothing happens, with items in progress.
    """
    rng = np.random.default_rng(seed)
    found = [one for instance in ("a:1", "b:1") for one in _instance(rng, instance, hours * 3600 // STEP + 1)]
    return [_without(one, *DOWN) if one.labels["instance"] == "b:1" and one.name != "up" else one for one in found]


def grid(series: Series, points: int) -> list[str]:
    """Return a series as promtool writes it: a value a step from START on, `_` where there is none."""
    row = ["_"] * points
    for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True):
        row[round(at - START) // STEP] = f"{value!r}"
    return row


def _instance(rng: np.random.Generator, instance: str, points: int) -> Iterator[Series]:
    index = np.arange(points)
    minute: Counts = index * STEP // 60
    times: Floats = (START + index * STEP).astype(np.float64)
    restart = DOWN[1] if instance == "b:1" else None
    labels = {"job": "pipeline", "instance": instance}

    def series(name: str, values: Floats, **more: str) -> Series:
        return Series(name, {**labels, **more}, times, values)

    def counter(name: str, increments: Floats, **more: str) -> Series:
        return series(name, _counted(increments, restart), **more)

    yield series("up", np.where((index >= DOWN[0]) & (index < DOWN[1]) & (restart is not None), 0.0, 1.0))
    yield series("pipeline_items_in_progress", np.where(_hour(minute, 5), 3.0, 0.0))
    for content_type in _TYPES:
        kind = {"content_type": content_type, "config_version": "v1"}
        failures = rng.poisson(np.where(_hour(minute, 2), 3.0, 0.02) * ~_hour(minute, 5)).astype(float)
        yield counter("pipeline_failures_total", failures, pipeline_stage="download", error_type="network", **kind)
        for way in _WAYS:
            skipped = way != "full"
            rate = np.full(points, _NORMAL[way]) * np.where(_hour(minute, 4) & skipped, 0.1, 1.0) * ~_hour(minute, 5)
            items = rng.poisson(rate).astype(float)
            both = {"processing_type": way, **kind}
            yield counter("pipeline_items_total", items, **both)
            yield counter("pipeline_time_spent_seconds_total", items * (3.0 if skipped else 20.0), **both)
            yield counter("pipeline_time_saved_seconds_total", items * (60.0 if skipped else 0.0), **both)
            if way == "full":
                score = np.where(_hour(minute, 3), 0.5, 0.875)
                yield counter("pipeline_quality_score_sum", items * score, dimension="overall", **both)
                yield counter("pipeline_quality_score_count", items, dimension="overall", **both)
    refused = np.where(_hour(minute, 1), rng.integers(0, 2, points), 0).astype(float)
    yield counter("exporter_rejected_records_total", refused, reason="invalid")
    yield counter("exporter_label_overflow_total", np.zeros(points), label="content_type")


def _hour(minute: Counts, number: int) -> Switches:
    return np.equal(minute // 60, number)


def _counted(increments: Floats, restart: int | None) -> Floats:
    total: Floats = np.cumsum(increments)
    if restart is not None:
        total[restart:] -= total[restart - 1]
    return total


def _without(series: Series, begin: int, end: int) -> Series:
    kept = [*range(begin), *range(end, len(series.times))]
    return Series(series.name, series.labels, series.times[kept], series.values[kept])
