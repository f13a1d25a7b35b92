"""A sender that tells little: overall quality, margins, seconds; no reasons, no gauges. What truly happened is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.backfill import Floats, Series
from bench.worlds import Integers
from pipeline.domains import catalogue


class Sender(msgspec.Struct, frozen=True):
    """`items` spread over `seconds` up to `end`, scraped every `spacing` seconds, bypassed below `threshold`."""

    end: float
    items: int = 1730
    seconds: float = 172_800.0
    spacing: float = 300.0
    seed: int = 5
    threshold: float = 0.65
    version: str = "default"
    instance: str = "exporter:8000"


def scores(sender: Sender) -> Floats:
    """Return the overall scores of all items, in the order in which they come."""
    rng = np.random.default_rng(sender.seed)
    return np.clip(rng.normal(0.68, 0.12, sender.items), 0.001, 0.999)


def told(sender: Sender) -> Iterator[Series]:
    """Yield what is scraped."""
    score = scores(sender)
    arrived = np.linspace(0.0, sender.seconds, sender.items + 1)[1:]
    times = np.arange(sender.end - sender.seconds, sender.end + 0.1, sender.spacing)
    slots = np.searchsorted(times, sender.end - sender.seconds + arrived)
    common = {"content_type": "news", "config_version": sender.version}
    for way, mine in (("full", score >= sender.threshold), ("lightweight", score < sender.threshold)):
        labels, cost = {"processing_type": way, **common}, (600.0, 0.0) if way == "full" else (90.0, 510.0)
        yield from _counter(sender, times, "pipeline_items_total", labels, slots[mine], 1.0)
        yield from _counter(sender, times, "pipeline_time_spent_seconds_total", labels, slots[mine], cost[0])
        yield from _counter(sender, times, "pipeline_time_saved_seconds_total", labels, slots[mine], cost[1])
        overall = {"dimension": "overall", **labels}
        yield from _histogram(sender, times, "pipeline_quality_score", overall, slots[mine], score[mine])
    margins = score - sender.threshold
    yield from _histogram(sender, times, "pipeline_quality_margin_ratio", common, slots, margins)


def _counter(
    sender: Sender, times: Floats, name: str, labels: Mapping[str, str], slots: Integers, each: float
) -> Iterator[Series]:
    counts = np.bincount(slots, minlength=len(times))[: len(times)].cumsum()
    yield from _since_first(sender, times, name, labels, counts * each, counts > 0)


def _histogram(
    sender: Sender, times: Floats, name: str, labels: Mapping[str, str], slots: Integers, values: Floats
) -> Iterator[Series]:
    there = np.bincount(slots, minlength=len(times))[: len(times)].cumsum() > 0
    for edge in (*catalogue.family(name).buckets, np.inf):
        le = {**labels, "le": "+Inf" if np.isinf(edge) else str(float(edge))}
        below = np.bincount(slots[values <= edge], minlength=len(times))[: len(times)].cumsum()
        yield from _since_first(sender, times, f"{name}_bucket", le, below.astype(np.float64), there)
    sums = np.bincount(slots, weights=values, minlength=len(times))[: len(times)].cumsum()
    yield from _since_first(sender, times, f"{name}_sum", labels, sums, there)
    count = np.bincount(slots, minlength=len(times))[: len(times)].cumsum().astype(np.float64)
    yield from _since_first(sender, times, f"{name}_count", labels, count, there)


def _since_first(
    sender: Sender, times: Floats, name: str, labels: Mapping[str, str], values: Floats, there: NDArray[np.bool_]
) -> Iterator[Series]:
    """Yield a series from its first item on, as client libraries make them."""
    if there.any():
        target = {"job": "pipeline", "instance": sender.instance}
        begin = int(np.argmax(there))
        yield Series(name, {**labels, **target}, times[begin:], values[begin:])
