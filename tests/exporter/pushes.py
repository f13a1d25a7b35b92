"""What a batch job pushes in tests, and what of it is then exposed."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from tests.exporter.conftest import Running


def job(value: float, name: str = "job_items") -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge(name, "Items of the job.", ["kind"], registry=registry).labels('a"b\\').set(value)
    Counter("job_runs", "Runs.", registry=registry).inc(value)
    Histogram("job_seconds", "Duration.", registry=registry).observe(value)
    Summary("job_bytes", "Size.", registry=registry).observe(value)
    return registry


def pushed(running: Running) -> dict[str, str]:
    lines = [line for line in running.text().splitlines() if line.startswith(("job_", "other", "push_"))]
    return dict(line.rsplit(" ", 1) for line in lines)
