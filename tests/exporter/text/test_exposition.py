from __future__ import annotations

import gc
import math
import re
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import prometheus_client
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    StateSetMetricFamily,
    SummaryMetricFamily,
    UnknownMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.text.exposition import Renderer, render
from exporter.text.textformat import TextFormat

# surrogates cannot be written as UTF-8 by anybody
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NASTY = st.sampled_from(['"', "\\", "\n", 'a"b\\n\n', "", "é", "日本", "\x00", "\t", "\\\\n", "{}", "%s", "le", "\x85"])
VALUE = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1.0, 999999.0, 999999.5, 1e6, 1234567.891, 1e15, 1e16, 1e17, 1e-7, 5e-324, math.pi]),
    st.integers(-(10**18), 10**18),
)
POSITIVE = st.one_of(st.floats(0, allow_infinity=True), st.integers(0, 10**17), st.just(0))
LABELS = st.one_of(TEXT, NASTY)


@pytest.fixture(params=[True, False], ids=["created", "no created"])
def created(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = prometheus_client.metrics._use_created
    prometheus_client.metrics._use_created = request.param
    yield request.param
    prometheus_client.metrics._use_created = before


class Registries(RuleBasedStateMachine):
    """Does to a registry whatever a program may do, and compares both formats after each step."""

    @initialize(created=st.booleans())
    def start(self, created: bool) -> None:
        self.before = prometheus_client.metrics._use_created
        prometheus_client.metrics._use_created = created
        self.registry = CollectorRegistry()
        self.openmetrics = Renderer(TextFormat.OPENMETRICS)
        self.metrics: list[Any] = []
        self.number = 0

    def teardown(self) -> None:
        prometheus_client.metrics._use_created = self.before

    def name(self, stem: str) -> str:
        self.number += 1
        return f"{stem}_{self.number}"

    @rule(
        kind=st.sampled_from([Counter, Gauge, Summary, Histogram]),
        labels=st.lists(st.sampled_from(["a", "z", "kind", "lf", "ld", "ünicode"]), max_size=3, unique=True),
        stem=st.sampled_from(["plain", "with:colon", "dotted.name", "x_total"]),
        doc=LABELS,
        unit=st.sampled_from(["", "seconds"]),
    )
    def declare(self, kind: Any, labels: list[str], stem: str, doc: str, unit: str) -> None:
        self.metrics.append(kind(self.name(stem), doc, labels, registry=self.registry, unit=unit))

    @rule(bounds=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5, unique=True), labelled=st.booleans())
    def declare_histogram(self, bounds: list[float], labelled: bool) -> None:
        labels = ["a", "m"] if labelled else []
        self.metrics.append(
            Histogram(self.name("hist"), "help", labels, buckets=sorted(bounds), registry=self.registry)
        )

    @rule(data=st.data(), value=VALUE, positive=POSITIVE, times=st.integers(1, 3))
    def touch(self, data: st.DataObject, value: float, positive: float, times: int) -> None:
        if not self.metrics:
            return
        metric = data.draw(st.sampled_from(self.metrics))
        for _ in range(times):
            child = metric
            if metric._labelnames:
                child = metric.labels(*(data.draw(LABELS) for _ in metric._labelnames))
            exemplar = data.draw(st.one_of(st.none(), st.fixed_dictionaries({"item_id": LABELS})))
            if isinstance(metric, Counter):
                child.inc(positive, exemplar)
            elif isinstance(metric, Gauge):
                child.set(value)
            elif isinstance(metric, Histogram):
                child.observe(value, exemplar)
            else:
                child.observe(value)

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        labelled = [m for m in self.metrics if m._labelnames and m._metrics]
        if labelled:
            metric = data.draw(st.sampled_from(labelled))
            metric.remove(*data.draw(st.sampled_from(sorted(metric._metrics))))

    @rule(data=st.data(), how=st.sampled_from(["clear", "reset", "function", "unregister", "help"]))
    def upset(self, data: st.DataObject, how: str) -> None:
        if not self.metrics:
            return
        metric = data.draw(st.sampled_from(self.metrics))
        if how == "clear":
            metric.clear()
        elif how == "reset" and isinstance(metric, Counter) and not metric._labelnames:
            metric.reset()
        elif how == "function" and isinstance(metric, Gauge):
            (metric.labels(*"xyz"[: len(metric._labelnames)]) if metric._labelnames else metric).set_function(lambda: 7)
        elif how == "unregister":
            self.registry.unregister(metric)
            self.metrics.remove(metric)
        elif how == "help":
            metric._documentation += "\n more"

    @rule(created=st.booleans())
    def switch_created(self, created: bool) -> None:
        prometheus_client.metrics._use_created = created

    @rule(info=st.dictionaries(st.sampled_from(["a", "b"]), LABELS, min_size=1))
    def declare_info(self, info: dict[str, str]) -> None:
        Info(self.name("info"), "help", registry=self.registry).info(info)

    @rule()
    def declare_enum(self) -> None:
        Enum(self.name("enum"), "help", states=["on", "off"], registry=self.registry).state("off")

    @invariant()
    def both_formats_are_byte_for_byte_the_same(self) -> None:
        if hasattr(self, "registry"):
            assert render(self.registry) == generate_latest(self.registry)
            theirs = generate_openmetrics(self.registry)  # type: ignore[no-untyped-call]
            assert self.openmetrics.render(self.registry) == without_counts(theirs, self.metrics)


def without_counts(text: bytes, metrics: list[Any]) -> bytes:
    """Take away what their writer writes and their own strict parser refuses: a count where buckets lie below zero."""
    below = [m._name for m in metrics if isinstance(m, Histogram) and m._upper_bounds[0] < 0]
    counts = tuple(f"{name}_count{end}".encode() for name in below for end in "{ ")
    return b"".join(line for line in re.findall(rb".*\n", text) if not counts or not line.startswith(counts))


Registries.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestAnyHistoryOfARegistry = Registries.TestCase


@given(st.lists(VALUE, max_size=5), st.lists(LABELS, min_size=5, max_size=5))
def test_custom_collectors_of_every_type_are_written_the_same(values: list[float], labels: list[str]) -> None:
    class Custom:
        def collect(self) -> Iterable[Metric]:
            families: list[Any] = [
                CounterMetricFamily("c", "help", labels=["a"], unit="s"),
                GaugeMetricFamily("g", "help \\ \n", labels=["a"]),
                UnknownMetricFamily("u", "help", labels=["a"]),
                StateSetMetricFamily("s", "help", labels=["a"]),
                SummaryMetricFamily("su", "help", labels=["a"]),
                HistogramMetricFamily("h", "help", labels=["a"]),
                GaugeHistogramMetricFamily("gh", "help", labels=["a"]),
            ]
            for label, value in zip(labels, values, strict=False):
                families[0].add_metric([label], value, created=12.5)
                families[1].add_metric([label], value, timestamp=1234.5)
                families[2].add_metric([label], value)
                families[3].add_metric([label], {"x": True, "y": False})
                families[4].add_metric([label], 3, value)
                families[5].add_metric([label], [("1", 2), ("+Inf", value)], value)
                families[6].add_metric([label], [("1", 2), ("+Inf", value)], value)
            return families

    registry = CollectorRegistry(target_info={"service": 'a"b'})
    registry.register(Custom())
    Counter("own", "help", registry=registry).inc()
    assert render(registry) == generate_latest(registry)
    openmetrics = Renderer(TextFormat.OPENMETRICS)
    assert openmetrics.render(registry) == generate_openmetrics(registry)  # type: ignore[no-untyped-call]


def test_an_empty_registry_is_an_empty_exposition() -> None:
    assert render(CollectorRegistry()) == b""


def test_a_family_without_children_has_its_header_alone(created: bool) -> None:
    registry = CollectorRegistry()
    Counter("nothing_yet", "help", ["a"], registry=registry)
    assert (
        render(registry)
        == generate_latest(registry)
        == b"# HELP nothing_yet_total help\n# TYPE nothing_yet_total counter\n"
    )


def test_a_gauge_going_from_zero_to_minus_zero_is_written_anew() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("g", "help", registry=registry)
    assert render(registry).endswith(b"g 0.0\n")
    gauge.set(-0.0)
    assert render(registry).endswith(b"g -0.0\n")


def test_families_of_many_shards_are_the_same_after_growth_and_removal(created: bool) -> None:
    registry = CollectorRegistry()
    metric = Counter("big", "help", ["n"], registry=registry)
    hist = Histogram("hist", "help", ["n"], registry=registry)
    for size in (10, 999, 1000, 1001, 2500):
        for n in range(size):
            metric.labels(n).inc(n)
            hist.labels(n // 10).observe(n)
        assert render(registry) == generate_latest(registry)
    for n in (0, 1, 999, 1000, 2000, 2499):
        metric.remove(n)
        assert render(registry) == generate_latest(registry)
    metric.labels(0).inc(5)
    assert render(registry) == generate_latest(registry)


def test_a_subclass_that_changes_its_samples_is_asked_itself() -> None:
    class Doubled(Counter):
        def _child_samples(self) -> Any:
            return [s._replace(value=s.value * 2) for s in super()._child_samples()]

    registry = CollectorRegistry()
    Doubled("d", "help", registry=registry).inc(4)
    assert render(registry) == generate_latest(registry)
    assert b"d_total 8.0\n" in render(registry)


def test_a_restricted_registry_is_rendered_too() -> None:
    registry = CollectorRegistry()
    Counter("a", "help", registry=registry).inc()
    Gauge("b", "help", registry=registry)
    restricted = registry.restricted_registry(["a_total"])
    assert render(restricted) == generate_latest(restricted)


def test_what_a_collector_raises_is_passed_on_and_the_next_scrape_works() -> None:
    class Moody:
        broken = True

        def collect(self) -> Iterable[Metric]:
            if self.broken:
                raise RuntimeError("the sensor is off")
            return [GaugeMetricFamily("moody", "help", value=1)]

    registry, moody = CollectorRegistry(), Moody()
    registry.register(moody)
    with pytest.raises(RuntimeError, match="the sensor is off"):
        render(registry)
    moody.broken = False
    assert render(registry) == generate_latest(registry)


def test_a_registry_is_forgotten_together_with_what_was_remembered_of_it() -> None:
    registry = CollectorRegistry()
    Counter("c", "help", registry=registry)
    render(registry)
    ghost = weakref.ref(registry)
    del registry
    gc.collect()
    assert ghost() is None


def test_scrapes_from_several_threads_while_counting_goes_on_end_with_the_truth() -> None:
    registry = CollectorRegistry()
    counter = Counter("c", "help", ["n"], registry=registry)
    failures: list[BaseException] = []
    done = threading.Event()

    def scrape() -> None:
        try:
            while not done.is_set():
                assert render(registry).startswith(b"# HELP c_total help\n")
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to see it
            failures.append(error)

    threads = [threading.Thread(target=scrape) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(3000):
        counter.labels(n % 1500).inc()
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert render(registry) == generate_latest(registry)


async def _gathered(renderer: Renderer, registry: CollectorRegistry) -> bytes:
    return await renderer.render_async(registry, clock=iter(range(10**9)).__next__)


def test_asynchronous_rendering_gives_way_and_writes_the_same() -> None:
    import asyncio

    registry = CollectorRegistry()
    metric = Gauge("g", "help", ["n"], registry=registry)
    for n in range(5000):
        metric.labels(n).set(n)
    turns = 0

    async def main() -> bytes:
        nonlocal turns
        task = asyncio.ensure_future(_gathered(Renderer(), registry))
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        return task.result()

    assert asyncio.run(main()) == generate_latest(registry)
    assert turns >= 5
