"""Increases and levels by blocks of time, held against what truly happened, on real servers at several scrape spacings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from bench.backfill import MISSING, Floats, Series, backfill, running_prometheus, running_victoria
from monitoring.history.blocks import Grid, PrometheusHistory, find_grid
from monitoring.servers.prometheus import PrometheusClient
from tests.monitoring import rule_engine
from tests.monitoring.scraped_history import ScrapedHistory

END = 1_795_219_200.0
SPACINGS = {"15s": 15.0, "1m": 60.0, "15m": 900.0}
SCRAPES = 210  # five in each of 42 blocks
OFFSET = 0.45  # of a spacing: blocks do not begin with a scrape
BEGINS, RESETS, ENDS = 97.3, 142.6, 171.2  # in spacings since the start
RATES = (3.0, 11.0, 5.0, 7.0)  # items a spacing, for ten spacings each, again and again
SERVERS = [
    pytest.param("prometheus", marks=rule_engine.NEEDED),
    pytest.param(
        "victoria",
        marks=pytest.mark.skipif(MISSING["victoria-metrics"], reason="victoria-metrics is not installed (nor in CI)"),
    ),
]


def done(at: Floats) -> Floats:
    """Return how many items were done by a time, in spacings since the start."""
    edges = np.arange(0, SCRAPES + 11, 10.0)
    totals = np.concatenate([[0.0], np.cumsum([10 * RATES[n % len(RATES)] for n in range(len(edges) - 1)])])
    found: Floats = np.interp(at, edges, totals)
    return found


def scraped(version: str) -> Iterator[Series]:
    """Yield a counter that is reset once, one that begins late, and gauges of which one ends."""
    spacing, at = SPACINGS[version], np.arange(SCRAPES, dtype=np.float64) + OFFSET
    times = END - (SCRAPES - at) * spacing
    counted = np.floor(np.where(at < RESETS, done(at), done(at) - done(np.array(RESETS))))
    born = at >= BEGINS

    def one(name: str, instance: str, there: np.ndarray[tuple[int], np.dtype[np.bool_]], values: Floats) -> Series:
        labels = {"config_version": version, "instance": instance, "job": "pipeline", "content_type": 'a "b"\n'}
        return Series(name, labels, times[there], values[there])

    yield one("pipeline_items_total", "old", at >= 0, counted)
    yield one("pipeline_items_total", "young", born, np.floor(2 * (done(at) - done(np.array(BEGINS)))))
    yield one("pipeline_failures_total", "broken", at >= 0, np.where(at < 100, counted, np.inf))
    yield one("pipeline_threshold_ratio", "old", at < ENDS, np.where(at < BEGINS, 0.55, 0.35))
    yield one("pipeline_threshold_ratio", "young", at < RESETS, np.where(at < BEGINS, 0.45, 0.65))


@pytest.fixture(scope="module", params=SERVERS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    folder = tmp_path_factory.mktemp("history")
    series = [one for version in SPACINGS for one in scraped(version)]
    if request.param == "victoria":
        with running_victoria(folder, series) as url:
            yield PrometheusClient(url)
        return
    backfill(series, folder)
    with running_prometheus(folder) as url:
        yield PrometheusClient(url)


def grid_of(client: PrometheusClient, version: str) -> Grid:
    found = asyncio.run(find_grid(client, END, round(SCRAPES * SPACINGS[version]), (version,)))
    assert found is not None
    return found


def edges_of(grid: Grid, version: str) -> Floats:
    """Return where blocks begin and end, in spacings since the start."""
    return (
        SCRAPES
        - (END - (grid.start + grid.block_seconds * np.arange(grid.blocks + 1, dtype=np.float64))) / SPACINGS[version]
    )


@pytest.mark.parametrize("version", SPACINGS)
def test_a_block_holds_at_least_four_scrapes_and_all_blocks_cover_the_window(
    client: PrometheusClient, version: str
) -> None:
    grid = grid_of(client, version)
    assert 4 <= grid.block_seconds / SPACINGS[version] <= 7
    assert abs(edges_of(grid, version)[0]) < 5
    assert grid.end == END


@pytest.mark.parametrize("version", SPACINGS)
def test_increases_are_right_to_about_one_scrape_a_block(client: PrometheusClient, version: str) -> None:
    grid = grid_of(client, version)
    found = asyncio.run(
        PrometheusHistory(client, grid).increases("pipeline_items_total", ("instance",), {"config_version": version})
    )
    edges = edges_of(grid, version).clip(0.0, SCRAPES)
    at_most = max(RATES) * 1.1
    risen = np.diff(done(edges))
    assert np.abs(found["old",] - risen).max() < at_most
    assert found["old",].sum() == pytest.approx(risen.sum(), rel=0.03)
    young = 2 * np.diff(done(edges.clip(BEGINS)))
    assert np.abs(found["young",] - young).max() < 2 * at_most
    assert found["young",][edges[1:] < BEGINS].max() == 0.0
    assert found["young",].sum() == pytest.approx(young.sum(), rel=0.05)


@pytest.mark.parametrize("version", SPACINGS)
def test_series_of_one_key_are_added_up_and_labels_are_matched_exactly(client: PrometheusClient, version: str) -> None:
    grid = grid_of(client, version)
    history, where = PrometheusHistory(client, grid), {"config_version": version}

    async def ask() -> None:
        apart = await history.increases("pipeline_items_total", ("instance",), where)
        together = await history.increases(
            "pipeline_items_total", ("content_type",), {**where, "content_type": 'a "b"\n'}
        )
        assert together['a "b"\n',] == pytest.approx(apart["old",] + apart["young",])
        assert await history.increases("pipeline_items_total", ("instance",), {"config_version": version[:-1]}) == {}

    asyncio.run(ask())


@pytest.mark.parametrize("version", SPACINGS)
def test_levels_are_the_greatest_at_the_end_of_a_block_and_nan_once_there_are_none(
    client: PrometheusClient, version: str
) -> None:
    grid = grid_of(client, version)
    levels = asyncio.run(
        PrometheusHistory(client, grid).levels("pipeline_threshold_ratio", (), {"config_version": version})
    )[()]
    ends = edges_of(grid, version)[1:]
    block = grid.block_seconds / SPACINGS[version]
    for end, level in zip(ends.tolist(), levels.tolist(), strict=True):
        near = [change for change in (BEGINS, RESETS, ENDS) if change - 1 <= end <= change + block + 1]
        if near:
            continue  # within a scrape of a change, or still seen in the block in which it ended
        expected = 0.55 if end < BEGINS else 0.65 if end < RESETS else 0.35 if end < ENDS else None
        assert np.isnan(level) if expected is None else level == expected
    assert len(set(levels[~np.isnan(levels)])) == 3


@pytest.mark.parametrize("version", SPACINGS)
def test_over_all_blocks_at_once_and_by_the_samples_counts_are_nearer_still(
    client: PrometheusClient, version: str
) -> None:
    grid, where = grid_of(client, version), {"config_version": version}
    history, since = PrometheusHistory(client, grid), 7
    asked = ("pipeline_items_total", ("instance",), where, since)
    whole, counted = (asyncio.run(ask(*asked)) for ask in (history.totals, history.counts))
    edges = edges_of(grid, version).clip(0.0, SCRAPES)
    for instance, begun in (("old", edges[since]), ("young", max(BEGINS, edges[since]))):
        each = 1 if instance == "old" else 2
        risen = each * float(done(edges[-1:])[0] - done(np.array([begun]))[0])
        assert abs(whole[instance,] - risen) < 3 * each * max(RATES)
        assert abs(counted[instance,] - risen) < 2 * each * max(RATES)  # what came after the last sample is not seen


@pytest.mark.parametrize("version", SPACINGS)
def test_the_history_that_tests_make_of_samples_is_what_prometheus_makes_of_them(
    client: PrometheusClient, version: str, request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["client"] == "victoria":
        pytest.skip("VictoriaMetrics does not extrapolate")
    grid, where = grid_of(client, version), {"config_version": version}
    served, made = PrometheusHistory(client, grid), ScrapedHistory(scraped(version), grid.start, END, grid.blocks)

    async def ask() -> None:
        for by in ((), ("instance",)):
            both = [await one.increases("pipeline_items_total", by, where) for one in (served, made)]
            assert both[0].keys() == both[1].keys()
            for key, values in both[0].items():
                assert both[1][key] == pytest.approx(values, rel=1e-6, abs=1e-6)
            levels = [await one.levels("pipeline_threshold_ratio", by, where) for one in (served, made)]
            for key, values in levels[0].items():
                assert np.array_equal(levels[1][key], values, equal_nan=True)
            for name in ("totals", "counts"):
                found = [await getattr(one, name)("pipeline_items_total", by, where, 7) for one in (served, made)]
                assert found[0] == pytest.approx(found[1], rel=1e-6)

    asyncio.run(ask())


def test_where_a_counter_is_infinite_its_increase_is_no_number(client: PrometheusClient) -> None:
    grid, where = grid_of(client, "1m"), {"config_version": "1m"}
    history = PrometheusHistory(client, grid)
    found = asyncio.run(history.increases("pipeline_failures_total", (), where))[()]
    edges = edges_of(grid, "1m")
    assert np.isfinite(found[edges[1:] < 99]).all()
    assert not (found[edges[1:] < 99] == 0).all()
    after = found[(edges[:-1] < 100) & (edges[1:] > 102)]
    assert np.isnan(after).all()


def test_a_configuration_that_nobody_scraped_has_no_grid(client: PrometheusClient) -> None:
    assert asyncio.run(find_grid(client, END, 3600, ("nobody",))) is None
    assert asyncio.run(find_grid(client, END - 10 * 86_400, 3600)) is None


def test_the_configuration_scraped_most_seldom_decides_how_long_a_block_is(client: PrometheusClient) -> None:
    window = round(SCRAPES * SPACINGS["15m"])
    together = asyncio.run(find_grid(client, END, window, tuple(SPACINGS)))
    assert together == asyncio.run(find_grid(client, END, window, ("15m",)))
