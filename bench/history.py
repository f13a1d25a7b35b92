"""A made-up history of the content pipeline as series: what an exporter would have exposed, minute by minute.

The events are those of `pipemeter simulate`, applied to the real registry and read from the real exposition, so that
names, labels and buckets are what production has. Dashboards are looked at, tested and timed over it.
"""

from __future__ import annotations

import contextlib
import math
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
from prometheus_client import CollectorRegistry

from bench.backfill import Floats, Series, running_prometheus
from bench.remote_write import RECEIVER, remote_write
from exporter.text.exposition import render
from monitoring.alerts.plan import plan_of
from monitoring.targets.targets import Targets
from pipeline.domains.catalogue import live_metrics
from pipeline.domains.content.families import ITEMS_IN_PROGRESS, LAST_ITEM_TIMESTAMP
from pipeline.domains.content.known import known_values
from pipeline.domains.content.traffic import KINDS, VARIANTS, Kind, Traffic, Variant
from pipeline.domains.exporter.families import (
    BUILD_INFO,
    COMMIT_DURATION,
    COMPACTION_DURATION,
    DUPLICATE_RECORDS,
    IDEMPOTENCY_KEYS,
    INCOMPLETE_RECORDS,
    JOURNAL_SIZE,
    RECORDS,
    REJECTED_RECORDS,
    RENDER_DURATION,
    SERIES,
)
from pipeline.metrics.registry import Metrics

EXITS = {
    "post_download": ("too_short", "silent"),
    "post_transcription": ("too_few_words", "unintelligible"),
    "post_quality_filtering": ("very_low_quality", "repetitive"),
    "post_analysis": ("no_claims",),
}
_QUIET = 3600.0  # s before the first item: zeros, so that the first increment counts


class Plan(msgspec.Struct, frozen=True):
    """What is made up: from `end` - `seconds` to `end` (Unix seconds), a sample every `step` seconds.

    Each instance after the first sees the first one's traffic, scaled. In the afternoon (14 to 16 UTC) quality falls
    and items fail more often. `items`: per minute on average.
    """

    end: float
    seconds: float = 24 * 3600.0
    step: float = 60.0
    instances: int = 2
    items: float = 3.5
    kinds: Sequence[Kind] = KINDS
    variants: Sequence[Variant] = VARIANTS
    seed: int = 7


class _Tape:
    """The values of all series over time, kept as the changes only."""

    def __init__(self) -> None:
        self.changes: dict[str, list[tuple[int, float]]] = {}
        self._last: set[str] = set()

    def record(self, index: int, text: str) -> None:
        lines = set(text.splitlines())
        for line in lines - self._last:
            if line[0] != "#":
                key, _, value = line.rpartition(" ")
                self.changes.setdefault(key, []).append((index, float(value)))
        self._last = lines


def history(plan: Plan) -> Iterator[Series]:
    """Yield the series of all instances, and the alerts that such a day would have fired."""
    times = np.arange(plan.end - plan.seconds - _QUIET, plan.end + 1, plan.step)
    tape = _simulated(plan, times)
    for number in range(plan.instances):
        own = {"job": "pipeline", "instance": f"exporter-{number + 1}:8000"}
        scale = 1 / (1 + number % 5)
        yield Series("up", own, times, np.ones(len(times)))
        for key, changes in tape.changes.items():
            name, labels = _parsed(key)
            if "_created" in name or not _matters(key, tape):
                continue
            values = _expanded(changes, len(times))
            if name in ("pipeline_items_in_progress", "exporter_journal_size_bytes"):
                values = np.roll(values, 60 * number)
            yield Series(name, {**labels, **own}, times, values * scale if _scales(name) else values)
    yield from _alerts(times)


def _simulated(plan: Plan, times: Floats) -> _Tape:
    rng = random.Random(plan.seed)
    metrics = live_metrics(CollectorRegistry(), known=known_values(exits=EXITS))
    metrics.series(BUILD_INFO)("0.1.0", "3.11.9").set(1)
    tape = _Tape()
    good, bad = (
        Traffic(random.Random(plan.seed), variants=plan.variants, kinds=plan.kinds, fail=fail, quality=shift)
        for fail, shift in ((0.004, 0.0), (0.03, -0.08))
    )
    metrics.apply_many(good.start())
    for index, at in enumerate(times):
        if at >= times[0] + _QUIET:
            hour = at % 86_400 / 3600
            load = plan.items * plan.step / 60 * (1 + 0.6 * math.sin((hour - 9) / 12 * math.pi))
            for _ in range(round(max(0.0, rng.gauss(load, load**0.5)))):
                events = (bad if 14 <= hour < 16 else good).item()
                metrics.apply_many(events)
                metrics.family(RECORDS).inc(len(events))
            _exporter(metrics, rng, at, index)
            if 14 <= hour < 16 and index % 4 == 0:
                metrics.series(REJECTED_RECORDS)("invalid").inc(3)
        tape.record(index, render(metrics.registry).decode())
    return tape


def _exporter(metrics: Metrics, rng: random.Random, at: float, index: int) -> None:
    """Let the exporter say something of itself."""
    metrics.family(LAST_ITEM_TIMESTAMP).set(at - 20 * rng.random())
    metrics.family(ITEMS_IN_PROGRESS).set(rng.randrange(1, 6))
    metrics.family(SERIES).set(4300 + index // 9)
    metrics.family(JOURNAL_SIZE).set(2e6 + index % 240 * 3e4)
    metrics.family(IDEMPOTENCY_KEYS).set(1200 + index)
    metrics.family(RENDER_DURATION).observe(rng.lognormvariate(-6, 0.4))
    if index % 30 == 0:
        metrics.family(COMPACTION_DURATION).observe(rng.lognormvariate(-4, 0.5))
    for _ in range(4):
        metrics.family(COMMIT_DURATION).observe(rng.lognormvariate(-8, 0.6))
    if rng.random() < 0.02:
        metrics.series(REJECTED_RECORDS)(rng.choice(("invalid", "malformed"))).inc()
    if rng.random() < 0.03:
        metrics.family(DUPLICATE_RECORDS).inc(2)
    if rng.random() < 0.02:
        metrics.series(INCOMPLETE_RECORDS)("time_saved").inc()


def _parsed(key: str) -> tuple[str, dict[str, str]]:
    name, _, inside = key.partition("{")
    pairs = (pair.split("=", 1) for pair in inside.rstrip("}").split('",') if pair)
    return name, {label: value.strip('"') for label, value in pairs}


def _matters(key: str, tape: _Tape) -> bool:
    """Leave out what nobody asks for or stands at zero throughout, but no bucket of a histogram that counted."""
    name, labels = _parsed(key)
    if name == "pipeline_quality_score_bucket" and labels["dimension"] != "overall":
        return False
    if name.startswith("exporter_"):
        return True
    if len(tape.changes[key]) > 1 or tape.changes[key][0][1] or not name.endswith("_bucket"):
        return len(tape.changes[key]) > 1 or tape.changes[key][0][1] != 0 or not labels
    return any(value for _, value in tape.changes[key.replace(f'le="{labels["le"]}"', 'le="+Inf"')])


def _scales(name: str) -> bool:
    return name.endswith(("_total", "_bucket", "_count", "_sum")) and name.startswith("pipeline_")


def _expanded(changes: Sequence[tuple[int, float]], length: int) -> Floats:
    at = np.array([index for index, _ in changes])
    values = np.array([value for _, value in changes])
    found = values[np.searchsorted(at, np.arange(length), side="right") - 1]
    return np.where(np.arange(length) < at[0], 0.0, found)


def _alerts(times: Floats) -> Iterator[Series]:
    hours = times % 86_400 / 3600
    for name, severity, firing in (
        ("PipelineQualityScoreLow", "warning", (hours > 14.6) & (hours < 16.5)),
        ("PipelineErrorBudgetBurn", "warning", times > times[-1] - 2400),
        ("Watchdog", "none", times > times[0]),
    ):
        more: Mapping[str, str] = {"slo": "errors", "burnrate_tier": "slow"} if "Burn" in name else {}
        labels = {"alertname": name, "severity": severity, "domain": "pipeline", **more}
        at = times[firing]
        if len(at):
            yield Series("ALERTS", {**labels, "alertstate": "firing"}, at, np.ones(len(at)))
            yield Series("ALERTS_FOR_STATE", labels, at, np.full(len(at), at[0] - 600))


def recorded(url: str, rules: Iterable[Mapping[str, Any]], plan: Plan, step: float = 0.0) -> Iterator[Series]:
    """Yield what recording rules would have recorded of what a Prometheus holds, every `step` seconds."""
    span: dict[str, float] = {"start": plan.end - plan.seconds, "end": plan.end, "step": step or plan.step}
    with httpx.Client(base_url=url, timeout=600) as client:
        for rule in rules:
            answer = client.post("/api/v1/query_range", data={"query": rule["expr"], **span})
            for found in answer.raise_for_status().json()["data"]["result"]:
                times, values = np.array(found["values"], dtype=float).T
                labels = {name: value for name, value in found["metric"].items() if name != "__name__"}
                yield Series(rule["record"], {**labels, **rule.get("labels", {})}, times, values)


@contextlib.contextmanager
def told(
    folder: Path, plan: Plan, targets: Targets, *, step: float = 0.0, rewritten: Callable[[str], str] = str
) -> Iterator[str]:
    """Run a Prometheus that holds a history and all that is recorded of it, told in order; yield its address.

    What rules make of the history is asked of servers of their own before. `step`: seconds between recorded samples,
    those of the history unless said otherwise. `rewritten` changes the expressions of the sums.
    """
    series = list(history(plan))
    rules = [rule for group in plan_of(targets).groups for rule in group["rules"] if "record" in rule]
    of_sums = [rule | {"expr": rewritten(rule["expr"])} for rule in rules if rule["record"].startswith("job:")]
    of_signals = [rule for rule in rules if not rule["record"].startswith("job:")]
    sums = _made_of(folder, series, of_sums, plan, step)
    signals = _made_of(folder, sums, of_signals, plan, step)
    with running_prometheus(folder, [RECEIVER]) as url:
        remote_write(url, [*series, *sums, *signals])
        del series, sums, signals
        yield url


def _made_of(
    folder: Path, series: Sequence[Series], rules: Iterable[Mapping[str, Any]], plan: Plan, step: float
) -> list[Series]:
    """Return what rules make of series, asked of a server that holds nothing else."""
    with tempfile.TemporaryDirectory(dir=folder) as own, running_prometheus(Path(own), [RECEIVER]) as url:
        remote_write(url, series)
        return list(recorded(url, rules, plan, step))
