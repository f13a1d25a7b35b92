"""Histories that several commands are asked about: made once, served for as long as the tests run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from bench.backfill import MISSING, Series, backfill, running_prometheus
from bench.worlds import Arm, World, decide, draw, series
from tests.pipemeter.conftest import Pipemeter

NEEDED = pytest.mark.skipif(
    (MISSING["prometheus"] or MISSING["promtool"]) and "CI" not in os.environ, reason="prometheus is not installed"
)


STRICT = Arm("strict", (0.70, 0.60, 0.60, 0.60), (0.85, 0.85, 0.85, 0.85), 0.5)


SAVER = Arm("saver", (0.70, 0.60, 0.60, 0.60), (0.55, 0.55, 0.55, 0.45), 0.5, costs=0.3)


HELD = (0.25, 0.25, 0.25, 0.10)


SPACINGS = {"every15s": (15.0, 2700.0), "everyminute": (60.0, 10_800.0), "every15m": (900.0, 172_800.0)}


def week(end: float) -> Iterator[Series]:
    """Yield a week of an A/B test, scraped every hour, with two restarts of the exporter."""
    start, times = end - 604_800, np.arange(end - 604_800, end + 1, 3600.0)
    world = World(arms=(STRICT, SAVER), held=HELD)
    finished = decide(world, draw(world, np.random.default_rng(8), 9000, 604_800.0))
    yield from series(finished, times, start=start, resets=[start + 100_000, start + 400_000])


def stretch(version: str, end: float) -> Iterator[Series]:
    """Yield a shorter time of one configuration, scraped at the spacing that its name says, one restart included."""
    spacing, seconds = SPACINGS[version]
    world = World(arms=(Arm(version),))
    finished = decide(world, draw(world, np.random.default_rng(9), 3000, seconds))
    families = ["pipeline_items_total", "pipeline_bypasses_total", "pipeline_time_spent_seconds_total",
                "pipeline_time_saved_seconds_total", "pipeline_quality_score", "pipeline_quality_margin_ratio",
                "pipeline_threshold_ratio"]  # fmt: skip
    times = np.arange(end - seconds, end + 0.1, spacing)
    yield from series(finished, times, start=end - seconds, resets=[end - seconds / 3], families=families)


def handful(end: float) -> Iterator[Series]:
    """Yield the items of a configuration that hardly ran."""
    world, times = World(arms=(Arm("few"),), fail=0.0), np.arange(end - 86_400, end + 1, 900.0)
    finished = decide(world, draw(world, np.random.default_rng(3), 37, 86_400.0))
    yield from series(finished, times, start=end - 86_400)


class TriedOut(NamedTuple):
    """A Prometheus with histories that end at `end` (Unix seconds)."""

    url: str
    end: float

    def window(self, version: str) -> str:
        """Return the window, up to now, that just holds the stretch of a version."""
        return f"{time.time() - self.end + SPACINGS[version][1]:.0f}s"


@pytest.fixture(scope="session")
def tried_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriedOut]:
    """Serve a week of an A/B test, a configuration that hardly ran, and one world at several scrape spacings."""
    folder, end = tmp_path_factory.mktemp("history"), time.time() - 5
    sources = (week(end), handful(end), *(stretch(version, end) for version in SPACINGS))
    backfill((one for source in sources for one in source), folder)
    with running_prometheus(folder) as url:
        yield TriedOut(url, end)


@pytest.fixture
def prometheus(tried_out: TriedOut) -> str:
    """The address of what was tried out."""
    return tried_out.url


def answer(pipemeter: Pipemeter, *arguments: str | Path) -> dict[str, Any]:
    done = pipemeter(*arguments, "--json")
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found
