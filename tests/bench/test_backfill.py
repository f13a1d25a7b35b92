"""The harness of all tests over history: what goes in comes out of a real server."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from bench.backfill import MISSING, Series, backfill, running_prometheus, running_victoria
from monitoring.servers.prometheus import PrometheusClient

NEEDED = pytest.mark.skipif(
    (MISSING["prometheus"] or MISSING["promtool"]) and "CI" not in os.environ, reason="prometheus is not installed"
)
START = 1_700_000_000.0
TIMES = START + np.arange(0, 40 * 86_400, 21_600, dtype=np.float64)  # 40 days: across a block's edge


def made(name: str, shift: float) -> Series:
    return Series(
        name, {"job": "pipeline", "reason": 'a "b" \\'}, TIMES, np.arange(len(TIMES), dtype=np.float64) + shift
    )


@NEEDED
def test_prometheus_answers_with_every_value_that_was_backfilled(tmp_path: Path) -> None:
    backfill([made("items_total", 0.125), made("level", -3)], tmp_path)
    backfill([made("other_total", 7)], tmp_path)
    with running_prometheus(tmp_path) as url:
        client = PrometheusClient(url)
        for name, shift in (("items_total", 0.125), ("level", -3), ("other_total", 7)):
            found = asyncio.run(client.query_range(name, TIMES[0], TIMES[-1], 21_600))
            assert found[0].labels == {"__name__": name, "job": "pipeline", "reason": 'a "b" \\'}
            assert found[0].points == list(zip(TIMES, made(name, shift).values, strict=True))


@pytest.mark.skipif(MISSING["victoria-metrics"], reason="victoria-metrics is not installed")
def test_victoria_metrics_answers_with_the_same(tmp_path: Path) -> None:
    with running_victoria(tmp_path, [made("items_total", 0.125)]) as url:
        found = asyncio.run(PrometheusClient(url).query_range("items_total", TIMES[0], TIMES[-1], 21_600))
    assert found[0].points == list(zip(TIMES, made("items_total", 0.125).values, strict=True))


def test_a_series_with_more_times_than_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="160 times, 2 values"):
        backfill([Series("level", {}, TIMES, np.array([1.0, 2.0]))], tmp_path)
