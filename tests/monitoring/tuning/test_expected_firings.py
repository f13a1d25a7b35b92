"""How often alerts would have fired under other thresholds: foreseen from one history, held against the other one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bench.backfill import backfill, running_prometheus
from bench.coverage import evidence
from bench.worlds import Arm, Finished, World, decide, draw, series
from monitoring.domains.band import Bands
from monitoring.history.blocks import PrometheusHistory, find_grid
from monitoring.outlook.evidence import Evidence, read_evidence
from monitoring.outlook.observed import observe
from monitoring.outlook.stratum import Plan
from monitoring.replay.replayer import Replayer
from monitoring.servers.prometheus import PrometheusClient
from monitoring.servers.range_queries import RangeReader, Window
from monitoring.targets.targets import Targets
from monitoring.tuning.alert_effect import AlertEffect, WouldFire, effects
from monitoring.tuning.expected_firings import with_firings
from monitoring.tuning.shift import Shift, shifts
from tests.monitoring import rule_engine

END, SECONDS = 1_700_179_200.0, 2 * 86_400.0
NOW, THEN = (0.65, 0.60, 0.60, 0.60), (0.60, 0.55, 0.55, 0.55)
WORLD = World(shock=0.06, period=14_400.0)
BANDS = {
    "bypass_rate": Bands(warning_low=0.45, critical_low=0.30, warning_high=0.70, critical_high=0.90, for_seconds=600),
    "quality_score_avg": Bands(warning_low=0.73, critical_low=0.70, for_seconds=600),
    "time_savings": Bands(warning_low=0.40, critical_low=0.30, for_seconds=600),
    "early_exit_share": Bands(),
}
TARGETS = Targets(bands={**Targets().bands, **BANDS})


def plan(thresholds: tuple[float, float, float, float], found: Evidence) -> Plan:
    return Plan(thresholds, {}, observe(found, NOW).modes)


def lived(thresholds: tuple[float, float, float, float]) -> Finished:
    """Return the same items under one configuration or another."""
    world = msgspec.structs.replace(WORLD, arms=(Arm(thresholds=thresholds),))
    return decide(world, draw(world, np.random.default_rng(3), 24_000, SECONDS))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[PrometheusClient]]:
    """Run a Prometheus that holds what was, and one that holds what would have been."""
    folders = [tmp_path_factory.mktemp(name) for name in ("was", "would")]
    for folder, thresholds in zip(folders, (NOW, THEN), strict=True):
        _fill(folder, lived(thresholds))
    with running_prometheus(folders[0]) as was, running_prometheus(folders[1]) as would:
        yield [PrometheusClient(url, timeout_seconds=60.0) for url in (was, would)]


def _fill(folder: Path, finished: Finished) -> None:
    times = np.arange(END - SECONDS, END + 1, 300.0)
    families = ["pipeline_items_total", "pipeline_bypasses_total", "pipeline_time_spent_seconds_total",
                "pipeline_time_saved_seconds_total", "pipeline_quality_score", "pipeline_quality_margin_ratio",
                "pipeline_early_exits_total", "pipeline_threshold_ratio"]  # fmt: skip
    backfill(series(finished, times, start=END - SECONDS, families=families), folder)


def listed() -> list[AlertEffect]:
    return [effect for signal in BANDS for effect in effects(BANDS, signal, (0.5, 0.6))]


async def foreseen(client: PrometheusClient, then: tuple[float, float, float, float] = THEN) -> list[AlertEffect]:
    grid = await find_grid(client, END, int(SECONDS))
    assert grid is not None
    found = await read_evidence(PrometheusHistory(client, grid))
    assert found is not None
    replayer = Replayer(RangeReader(client), Window.ending(END, int(SECONDS), 300))
    moved = shifts(found, plan(NOW, found), plan(then, found))
    return await with_firings(listed(), replayer, TARGETS, moved, grid.block_seconds)


def by_severity(found: list[AlertEffect]) -> dict[tuple[str, str], WouldFire]:
    return {(effect.alert, one.severity): one for effect in found for one in effect.firings}


@rule_engine.NEEDED
def test_what_is_foreseen_is_what_fires_under_the_other_thresholds(servers: list[PrometheusClient]) -> None:
    told, true = (by_severity(asyncio.run(foreseen(client))) for client in servers)
    assert set(told) == set(true)
    assert len(told) == 8
    for key, one in told.items():
        lived = true[key]
        assert one.expected_share_of_time == pytest.approx(lived.now_share_of_time, abs=0.03), key
        assert one.share_of_time_between[0] - 0.02 <= lived.now_share_of_time <= one.share_of_time_between[1] + 0.02, (
            key
        )
        assert one.fewest - 2 <= lived.now <= one.most + 2, key
    moved = [one for one in told.values() if abs(one.expected_share_of_time - one.now_share_of_time) > 0.1]
    assert len(moved) >= 3


@rule_engine.NEEDED
def test_the_same_thresholds_change_nothing(servers: list[PrometheusClient]) -> None:
    for one in by_severity(asyncio.run(foreseen(servers[0], NOW))).values():
        assert (one.fewest, one.expected, one.most) == (one.now, one.now, one.now)


def test_a_window_is_cut_into_stretches_of_a_hundred_items_that_cover_it() -> None:
    found = shifts(seen := evidence(WORLD, 1, 1000), plan(NOW, seen), plan(THEN, seen))["bypass_rate"]
    assert 5 <= len(found.point) <= 10
    assert found.middle[0] < 42
    assert found.middle[-1] > 0
    assert (np.diff(found.middle) < 0).all()
    assert (found.low <= found.point).all()
    assert (found.point <= found.high).all()
    assert (found.point < 0).all()  # lower thresholds bypass less


def test_a_value_is_moved_by_what_held_in_the_middle_of_its_range() -> None:
    shift = Shift(np.array([3.0, 1.0]), np.array([-0.2, -0.1]), np.array([-0.1, 0.0]), np.array([0.1, 0.3]))
    move = shift.move("high", end=10_000.0, block_seconds=1000.0, lag=600.0)  # the middles are 7,000 and 9,000
    assert move(Window(7200, 10_000, 400)) == pytest.approx(np.array([0.1, 0.1, 0.14, 0.18, 0.22, 0.26, 0.3, 0.3]))


def test_where_another_configuration_ran_beside_it_only_a_share_moves() -> None:
    alone = evidence(WORLD, 1, 1000)
    beside = msgspec.structs.replace(alone, others={"other": 3 * alone.finished()})
    found, quarter = (shifts(one, plan(NOW, one), plan(THEN, one))["bypass_rate"].point for one in (alone, beside))
    assert quarter == pytest.approx(found / 4)
