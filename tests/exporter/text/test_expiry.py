from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from exporter.text.expiry import Expiry
from exporter.text.exposition import Renderer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_untouched_series_disappears_and_comes_back_from_its_old_value() -> None:
    registry, clock = CollectorRegistry(), Clock()
    renderer = Renderer(expiry=Expiry(60, clock))
    counter = Counter("c", "help", ["n"], registry=registry)
    counter.labels("busy").inc(3)
    counter.labels("idle").inc(5)
    assert renderer.render(registry) == generate_latest(registry)
    for clock.now in (30.0, 61.0):
        counter.labels("busy").inc()
        text = renderer.render(registry)
    assert b'c_total{n="busy"} 5.0\n' in text
    assert b"idle" not in text
    counter.labels("idle").inc()
    assert b'c_total{n="idle"} 6.0\n' in renderer.render(registry)
    assert renderer.render(registry) == generate_latest(registry)


def test_a_series_that_never_counted_stays_at_zero() -> None:
    registry, clock = CollectorRegistry(), Clock()
    renderer = Renderer(expiry=Expiry(60, clock))
    Counter("known", "help", ["n"], registry=registry).labels("full")
    hist = Histogram("h", "help", ["n"], registry=registry)
    hist.labels("zero")
    hist.labels("seen").observe(2)
    Gauge("g", "help", registry=registry).set(1)
    assert renderer.render(registry) == generate_latest(registry)
    clock.now = 1000
    text = renderer.render(registry)
    assert b'known_total{n="full"} 0.0' in text
    assert b'h_count{n="zero"} 0.0' in text
    assert b"seen" not in text
    assert b"\ng 1.0" not in text
    assert b"# TYPE g gauge" in text
