from __future__ import annotations

import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
)

from exporter.pushgateway.pushed import group_of
from tests.exporter.conftest import Running


def job(value: float, name: str = "job_items") -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge(name, "Items of the job.", ["kind"], registry=registry).labels('a"b\\').set(value)
    Counter("job_runs", "Runs.", registry=registry).inc(value)
    Histogram("job_seconds", "Duration.", registry=registry).observe(value)
    Summary("job_bytes", "Size.", registry=registry).observe(value)
    return registry


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("job/a", {"job": "a"}),
        ("job/a/", {"job": "a"}),
        ("job/a/shard/b c", {"job": "a", "shard": "b c"}),
        ("job@base64/YS9i", {"job": "a/b"}),
        ("job@base64/YS9i/x@base64/=", {"job": "a/b", "x": ""}),
    ],
)
def test_grouping_keys_are_read_as_by_pushgateway(path: str, group: dict[str, str]) -> None:
    assert dict(group_of(path)) == group


@pytest.mark.parametrize(
    "path", ["job/", "job/a/b", "job@base64/!", "job/a/job/b", "job/a/1x/b", "job/a/__x/b", "job@base64/="]
)
def test_other_grouping_keys_are_refused(running: Running, path: str) -> None:
    assert running.client.put(f"/metrics/{path}", content="a 1\n").status_code in (400, 404, 405)
