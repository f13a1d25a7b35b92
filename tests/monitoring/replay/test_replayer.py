"""Against a Prometheus that evaluates its rules live, once a second: what it recorded as firing is what we replay."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.backfill import running_prometheus
from monitoring.promql.rule_files import read_rules
from monitoring.replay.backtest import reports
from monitoring.replay.replayer import Replayer
from monitoring.servers.prometheus import PrometheusClient
from monitoring.servers.range_queries import RangeReader, Window
from tests.exporter.conftest import eventually
from tests.monitoring import rule_engine

Span = tuple[int, int]  # Unix seconds
GROUPS: list[dict[str, Any]] = [
    {"name": "live", "interval": "1s", "rules": [
        {"record": "demo:phase", "expr": "floor(vector(time())) % 6"},
        {"alert": "Held", "expr": "demo:phase > 1", "for": "2s", "labels": {"severity": "info"}},
        {"alert": "Kept", "expr": "demo:phase < 2", "keep_firing_for": "2s", "labels": {"severity": "info"}},
    ]}
]  # fmt: skip


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[PrometheusClient]:
    (tmp_path / "rules.json").write_text(json.dumps({"groups": GROUPS}))
    config = "global: {evaluation_interval: 1s}\nrule_files: [rules.json]\n"
    with running_prometheus(tmp_path, config=config) as url:
        yield PrometheusClient(url)


@rule_engine.NEEDED
def test_a_replay_finds_the_firings_that_a_live_prometheus_had(prometheus: PrometheusClient) -> None:
    begun = int(time.time()) + 1

    def recorded() -> dict[str, list[Span]]:
        return {alert: asyncio.run(_recorded(prometheus, alert, begun)) for alert in ("Held", "Kept")}

    eventually(lambda: time.time() > begun + 14, 60)  # two periods and a bit
    eventually(lambda: all(len(spans) >= 2 for spans in recorded().values()), 60)
    found = recorded()
    window = Window(begun, int(time.time()), 1)
    replayed = asyncio.run(Replayer(RangeReader(prometheus), window).replay(read_rules(GROUPS)))
    ours = {one.alert: [(firing.start, firing.end) for firing in one.firings] for one in reports(replayed)}
    assert {round(end - start) for start, end in ours["Held"][1:-1]} <= {2}
    for alert, spans in found.items():
        for start, end in spans:  # a second late where the machine was too busy for one evaluation
            assert any(abs(a - start) <= 1 and abs(b - end) <= 1 for a, b in ours[alert]), (alert, start, end, ours)


async def _recorded(client: PrometheusClient, alert: str, begun: int) -> list[Span]:
    """Return when an alert fired by the ALERTS series that the server wrote, from its first silence to its last.

    The server evaluates somewhere within each second: what it found in one is there at the end of it. Left out are
    firings around which it was too busy to evaluate in every second.
    """
    end = int(time.time()) - 1
    series = await client.query_range(f'ALERTS{{alertname="{alert}",alertstate="firing"}}', begun + 0.999, end, 1)
    firing = {math.floor(at) for one in series for at, _ in one.points}
    counts = await client.query_range("count_over_time(demo:phase[1s])", begun + 0.999, end, 1)
    evaluated = {math.floor(at) for one in counts for at, _ in one.points}
    edges = [at for at in range(begun + 1, end) if (at in firing) != (at - 1 in firing)]
    if edges and edges[0] not in firing:  # it was firing when we began to look
        edges = edges[1:]
    spans = zip(edges[::2], edges[1::2], strict=False)
    return [(start, end) for start, end in spans if evaluated.issuperset(range(start - 3, end + 3))]
