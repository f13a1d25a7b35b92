"""The ends of a signal's interval as Prometheus works them out: on either side of the signal, whatever was counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from bench.backfill import Series, backfill, running_prometheus
from monitoring.domains.catalogue import signals
from monitoring.promql.expressions import expression
from monitoring.reporting.window_queries import Questions
from monitoring.servers.prometheus import PrometheusClient
from tests.monitoring import rule_engine

END, DAY, ROUNDING = 1_795_219_200.0, 86_400.0, 1e-12
BY = ("content_type",)


def shadowed() -> Iterator[Series]:
    """Yield the shadow items of many types: few and many, none wrong, all wrong, resets, verdicts that are missing."""
    rng = np.random.default_rng(7)
    for number in range(120):
        spacing = float(rng.choice([10.0, 60.0, 300.0]))
        times = np.arange(END - DAY / 4, END + 1, spacing)
        share, items = float(rng.choice([0.0, 1.0, rng.uniform()])), int(rng.choice([1, 2, 5, 30, 4000]))
        wrong = rng.uniform(size=items) < share
        slots = rng.integers(0, len(times), items)
        for verdict, chosen in (("wrong", wrong), ("right", ~wrong)):
            if number % 10 == 3 and verdict == "right":
                continue
            values = np.bincount(slots[chosen], minlength=len(times)).cumsum().astype(np.float64)
            if number % 4 == 1:
                values[len(times) // 2 :] -= values[len(times) // 2 - 1]
            labels = {"decision": "quality_filter", "verdict": verdict, "content_type": f"t{number}", "job": "pipeline",
                      "config_version": "v1", "instance": f"{number % 3}:8000", "region": "north"}  # fmt: skip
            yield Series("pipeline_shadow_items_total", labels, times, values)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    folder = tmp_path_factory.mktemp("shadowed")
    backfill(shadowed(), folder)
    with running_prometheus(folder) as url:
        yield PrometheusClient(url)


@rule_engine.NEEDED
def test_both_ends_lie_on_their_sides_of_the_signal(client: PrometheusClient) -> None:
    async def ask() -> list[dict[tuple[str, ...], float]]:
        questions = Questions(client, END, int(DAY / 4))
        texts = (expression(signals()[f"wrong_skip_rate{end}"], "6h", by=BY) for end in ("_low", "", "_high"))
        return [await questions.values(text, BY) for text in texts]

    low, rate, high = asyncio.run(ask())
    assert len(rate) > 80
    for key, value in rate.items():
        assert -ROUNDING <= low[key] <= value + ROUNDING, key
        assert value - ROUNDING <= high[key] <= 1 + ROUNDING, key
