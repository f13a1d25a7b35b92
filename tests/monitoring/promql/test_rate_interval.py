"""The interval of a rate: what Prometheus computes against the closed form, for counts small and large."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from bench.backfill import Series, backfill, running_prometheus
from monitoring.alerts.plan import plan_of
from monitoring.compile.boards.files import filled_in
from monitoring.compile.dashboards.queries import Queries
from monitoring.domains.ask import Ask
from monitoring.domains.catalogue import ends_of, signals
from monitoring.outlook.shadow_share import wilson
from monitoring.promql.expressions import Over, OverRange, expression
from monitoring.reporting.overview import overview
from monitoring.reporting.readings import read
from monitoring.reporting.sections import value_of
from monitoring.reporting.window_queries import Questions
from monitoring.servers.prometheus import PrometheusClient
from monitoring.targets.targets import Targets
from tests.monitoring import rule_engine

END, STEP, DAY = 1_700_006_400, 60, 86_400
COUNTS = {"news": (0, 7), "education": (7, 7), "discussion": (1, 40), "entertainment": (4, 20), "sports": (0, 1),
          "science": (250, 1000), "law": (0, 0)}  # fmt: skip
ONLY_RIGHT = "cooking"  # nobody ever exposed a wrong one
SEEN = {**{name: pair for name, pair in COUNTS.items() if pair[1]}, ONLY_RIGHT: (0, 12)}
LOW, HIGH = ends_of("wrong_skip_rate")


def series() -> Iterator[Series]:
    times = np.arange(END - 2 * DAY, END + 1, STEP, dtype=np.float64)
    for name, (wrong, total) in {**COUNTS, ONLY_RIGHT: (0, 12)}.items():
        for verdict, count in (("right", total - wrong), ("wrong", wrong)):
            if (name, verdict) == (ONLY_RIGHT, "wrong"):
                continue
            own = {"job": "pipeline", "decision": "early_exit", "verdict": verdict, "content_type": name}
            kept = {**own, "config_version": "blue"}
            grown = count * (times > END - DAY / 2)
            yield Series("pipeline_shadow_items_total", {**kept, "instance": "a:1"}, times, grown.astype(float))
            yield Series("job:pipeline_shadow_items:increase1d", kept, times, np.full(len(times), float(count)))
            late = times[times > END - 1200]
            yield Series("job:pipeline_shadow_items:increase1h", kept, late, np.full(len(late), float(count)))
            yield Series("job:pipeline_shadow_items:increase5m", kept, times, np.full(len(times), count / 12))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    folder = tmp_path_factory.mktemp("counts")
    backfill(series(), folder)
    with running_prometheus(folder) as url:
        yield PrometheusClient(url)


def asked(client: PrometheusClient, text: str, at: float = END) -> dict[str, float]:
    return {one.labels.get("content_type", ""): one.value for one in asyncio.run(client.query(text, at))}


@rule_engine.NEEDED
@pytest.mark.parametrize(
    ("over", "at"),
    [(DAY, END), (OverRange("1h"), END - 1), ("1d", END)],  # on a full five minutes a range holds 13 of them
    ids=["recorded", "range", "raw"],
)
def test_the_interval_is_wilsons(client: PrometheusClient, over: Over, at: float) -> None:
    asked_for = (signals()["wrong_skip_rate"], LOW, HIGH)
    rate, low, high = (asked(client, expression(one, over, by=("content_type",)), at) for one in asked_for)
    assert set(rate) == set(low) == set(high) == set(SEEN)  # of no items nothing is said
    for name, (wrong, total) in SEEN.items():
        assert (low[name], high[name]) == pytest.approx(wilson(wrong, total), rel=1e-6, abs=1e-9), name
        assert 0 <= low[name] <= rate[name] + 1e-12 <= high[name] + 2e-12
        assert high[name] <= 1
    assert (low["news"], low[ONLY_RIGHT]) == pytest.approx((0, 0), abs=1e-9)
    assert high["education"] == 1


@rule_engine.NEEDED
def test_the_whole_has_an_interval_too(client: PrometheusClient) -> None:
    wrong, total = (sum(column) for column in zip(*SEEN.values(), strict=True))
    ends = [asked(client, expression(one, DAY))[""] for one in (LOW, HIGH)]
    assert ends == pytest.approx(wilson(wrong, total), rel=1e-6)


@rule_engine.NEEDED
def test_a_board_has_the_ends_before_the_first_whole_hour_has_passed(client: PrometheusClient) -> None:
    q = Queries(Targets(), ())
    ends = [
        asked(client, filled_in(q.query(Ask("whole", one.name), "number").expr, "15m"), END - 60)[""]
        for one in (LOW, HIGH)
    ]
    wrong, total = (sum(column) for column in zip(*SEEN.values(), strict=True))
    assert ends == pytest.approx(wilson(wrong, total), rel=1e-6)


@rule_engine.NEEDED
def test_an_overview_states_the_interval_beside_the_rate(client: PrometheusClient) -> None:
    found = asyncio.run(overview(Questions(client, END, DAY), Targets()))
    readings = {reading.signal: reading for reading in found.readings}
    wrong, total = (sum(column) for column in zip(*SEEN.values(), strict=True))
    reading = readings["wrong_skip_rate"]
    assert reading.items == total
    assert reading.value == pytest.approx(wrong / total)
    assert reading.interval == pytest.approx(wilson(wrong, total), rel=1e-6)
    assert value_of(reading).text == "24.1 % (21.7 % to 26.7 %)"
    assert {name for name, one in readings.items() if one.interval} == {"wrong_skip_rate"}


def test_the_ends_are_recorded_over_the_window_of_the_rate() -> None:
    bands = msgspec.structs.replace(Targets().bands["wrong_skip_rate"], window=7200)
    for targets, window in ((Targets(), "1d"), (Targets(bands={**Targets().bands, "wrong_skip_rate": bands}), "2h")):
        rules = {rule["record"] for group in plan_of(targets).groups for rule in group["rules"] if "record" in rule}
        assert {f"pipeline:wrong_skip_rate{end}:ratio{window}" for end in ("", "_low", "_high")} <= rules


def test_too_few_items_have_no_interval_either() -> None:
    bands = Targets().bands["wrong_skip_rate"]
    reading = read(signals()["wrong_skip_rate"], 0.25, 19.0, bands, (0.1, 0.5))
    assert (reading.value, reading.interval, value_of(reading).text) == (None, None, "-")
