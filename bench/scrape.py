"""Time and memory of one scrape, against prometheus_client, OpenTelemetry and aioprometheus in the same run.

python -m bench.scrape [--series 100000]

Three cases: nothing but 1 % of the series changed since the last scrape, all changed, the very first scrape; then the
growth from 1,000 to 100,000 series; then how long the event loop is held up while a scrape renders.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import random
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from exporter.text.exposition import Renderer, render

SIZES = (1_000, 10_000, 100_000)
_OTEL_SETS = 1_900  # OpenTelemetry folds all beyond 2,000 label sets of an instrument into one
_LINES_OF_HISTOGRAM = 17  # fifteen edges, count and sum


def registry_of(series: int, rng: random.Random) -> tuple[CollectorRegistry, list[Callable[[], None]]]:
    """Make a registry of counters, gauges and histograms, a third each, and functions that change each child."""
    registry = CollectorRegistry()
    names = ("content_type", "config_version")
    counter = Counter("bench_items", "Items.", names, registry=registry)
    gauge = Gauge("bench_level", "Level.", names, registry=registry)
    histogram = Histogram("bench_seconds", "Duration.", names, registry=registry)
    touches: list[Callable[[], None]] = []

    def change(method: Callable[[float], None]) -> None:
        touches.append(lambda: method(rng.random()))

    for n in range(series // 3):
        change(counter.labels(f"type-{n}", "balanced").inc)
        change(gauge.labels(f"type-{n}", "balanced").set)
    for n in range(series // 3 // _LINES_OF_HISTOGRAM):
        change(histogram.labels(f"type-{n}", "balanced").observe)
    for touch in touches:
        touch()
    return registry, touches


def seconds(function: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def best(function: Callable[[], object], before: Callable[[], object] = lambda: None, times: int = 5) -> float:
    found = []
    for _ in range(times):
        before()
        found.append(seconds(function))
    return min(found)


def peak_bytes(function: Callable[[], object]) -> int:
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def compare(series: int, rng: random.Random) -> None:
    registry, touches = registry_of(series, rng)
    first_own = seconds(lambda: generate_latest(registry))
    first = seconds(lambda: render(registry))
    assert render(registry) == generate_latest(registry)
    own = best(lambda: generate_latest(registry), times=3)

    def touch(share: float) -> None:
        for change in rng.sample(touches, max(1, round(len(touches) * share))):
            change()

    few = best(lambda: render(registry), lambda: touch(0.01))
    everything = best(lambda: render(registry), lambda: touch(1.0))
    assert render(registry) == generate_latest(registry)
    lines = render(registry).count(b"\n")
    print(f"\n{lines:,} lines                     prometheus_client {own * 1e3:9.1f} ms")
    for name, mine, theirs in (
        ("1 % changed", few, own),
        ("all changed", everything, own),
        ("first scrape", first, first_own),
    ):
        print(f"  {name:32}pipemeter {mine * 1e3:15.2f} ms {theirs / mine:8.1f}x")
    theirs_peak = peak_bytes(lambda: generate_latest(registry))
    fresh = Renderer()

    def twice() -> None:
        fresh.render(registry)
        touch(0.01)
        fresh.render(registry)

    ours_peak = peak_bytes(twice)
    theirs, ours = theirs_peak / 1e6, ours_peak / 1e6
    print(f"  peak memory {ours:.1f} MB, prometheus_client {theirs:.1f} MB: {ours / theirs:.2f}x")


def _some(touches: list[Callable[[], None]], rng: random.Random) -> None:
    for change in rng.sample(touches, max(1, len(touches) // 100)):
        change()


def growth(rng: random.Random) -> None:
    print("\ngrowth (1 % changed)")
    for size in SIZES:
        registry, touches = registry_of(size, rng)
        render(registry)
        few = best(partial(render, registry), partial(_some, touches, rng))
        print(f"  {size:8,} series {few * 1e3:9.3f} ms   {few / size * 1e9:8.1f} ns a series")


def opentelemetry(series: int) -> float:
    reader = import_module("opentelemetry.exporter.prometheus").PrometheusMetricReader()
    provider = import_module("opentelemetry.sdk.metrics").MeterProvider(metric_readers=[reader])
    meter = provider.get_meter("bench")
    counters = [meter.create_counter(f"otel_items_{n}") for n in range(-(-series // _OTEL_SETS))]
    for n in range(series):
        counters[n // _OTEL_SETS].add(n + 1, {"content_type": f"type-{n}", "config_version": "balanced"})
    return best(lambda: generate_latest(prometheus_client.REGISTRY), times=2)


def aioprometheus(series: int) -> float:
    aio, text = import_module("aioprometheus"), import_module("aioprometheus.formats.text")
    registry = aio.Registry()
    counter = aio.Counter("aio_items", "Items.", registry=registry)
    for n in range(series):
        counter.inc({"content_type": f"type-{n}", "config_version": "balanced"})
    return best(lambda: text.TextFormatter().marshall(registry), times=2)


def peers(series: int) -> None:
    print(f"\nothers, {series:,} counters, every scrape")
    for name, module, measure in (
        ("OpenTelemetry", "opentelemetry.exporter.prometheus", opentelemetry),
        ("aioprometheus", "aioprometheus", aioprometheus),
    ):
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        print(f"  {name:32}" + (f"{measure(series) * 1e3:25.1f} ms" if found else "not installed (group `bench`)"))
    registry = CollectorRegistry()
    counter = Counter("own_items", "Items.", ["content_type", "config_version"], registry=registry)
    children = [counter.labels(f"type-{n}", "balanced") for n in range(series)]
    render(registry)
    few = best(lambda: render(registry), partial(_some, [child.inc for child in children], random.Random(1)))
    print(f"  {'pipemeter, 1 % changed':32}{few * 1e3:25.1f} ms")


def held_up(series: int, rng: random.Random) -> None:
    registry, touches = registry_of(series, rng)

    async def longest(renderer: Any, repeat: int) -> float:
        worst, last = 0.0, time.thread_time()  # CPU time: what other processes do to this machine is not meant
        task = asyncio.ensure_future(_several(renderer, registry, repeat))
        while not task.done():
            await asyncio.sleep(0)
            now = time.thread_time()
            worst, last = max(worst, now - last), now
        return worst

    gc.collect()
    gc.freeze()  # as the exporter does: a full collection would hold up everything
    renderer = Renderer()
    first = asyncio.run(longest(renderer, 1))
    for touch in touches:
        touch()
    later = asyncio.run(longest(renderer, 1))
    print(f"\nlongest hold of the event loop at {series:,} series, CPU time")
    print(f"  first scrape {first * 1e3:.1f} ms, later {later * 1e3:.1f} ms")


async def _several(renderer: Renderer, registry: CollectorRegistry, repeat: int) -> None:
    for _ in range(repeat):
        await renderer.render_async(registry)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000)
    series = parser.parse_args().series
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    rng = random.Random(11)
    compare(series, rng)
    growth(rng)
    held_up(series, rng)
    peers(series)


if __name__ == "__main__":
    main()
