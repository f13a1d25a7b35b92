from __future__ import annotations

import asyncio
import math

import msgspec
import numpy as np
import pytest

from bench.coverage import SECONDS, evidence
from bench.world_history import WorldHistory
from bench.worlds import World, decide, draw, series
from monitoring.history.blocks import History
from monitoring.outlook.evidence import (
    Evidence,
    _greatest,
    _last,
    _stable_from,
    _switches,
    read_evidence,
    recounted,
)
from monitoring.tuning.goal import goal_of
from monitoring.tuning.tune import InForce, since_changes, tune

NOW = (0.65, 0.60, 0.60, 0.60)
CONFIG = dict(zip(("min_overall", "min_coherence", "min_completeness", "min_informativeness"), NOW, strict=True))
SEEN = evidence(World(), seed=2, items=800)
NAN = math.nan


async def read(history: History) -> Evidence | None:
    """Return what is known of a history, as `tune` asks for it."""
    found = await read_evidence(history)
    return found and await recounted(history, since_changes(found, InForce(CONFIG)))


def test_the_greatest_level_of_all_instances_counts_and_silence_does_not() -> None:
    found = _greatest({("a", "one"): np.array([1.0, NAN, 3.0]), ("a", "two"): np.array([2.0, 2.0, NAN])})
    assert found["a",].tolist() == [2.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ([5.0, 5.0, 5.0], 0),
        ([4.0, 5.0, 5.0], 2),
        ([4.0, NAN, 5.0, 5.0], 3),
        ([NAN, 5.0, NAN], 0),
        ([NAN, NAN], 0),
        ([4.0, 5.0], 2),
    ],
)
def test_a_configuration_holds_from_the_block_after_its_last_change(values: list[float], first: int) -> None:
    assert _stable_from({("x",): np.array(values)}) == first


def test_the_last_level_that_was_seen_is_in_force() -> None:
    assert _last({("x",): np.array([1.0, 2.0, NAN]), ("y",): np.array([NAN])}) == {"x": 2.0}


def told(*rows: list[float]) -> dict[tuple[str, ...], np.ndarray]:
    return {("early_exit", str(number)): np.array(row) for number, row in enumerate(rows)}


def exposed(*rows: list[float]) -> dict[tuple[str, ...], np.ndarray]:
    return {("min_overall", str(number)): np.array(row) for number, row in enumerate(rows)}


def test_a_switch_is_off_only_where_a_pipeline_has_told_its_configuration() -> None:
    there, silent = [0.65] * 3, [NAN] * 3
    assert _switches(told([0.0, 0.0, 0.0]), exposed(there))["early_exit",].tolist() == [0.0, 0.0, 0.0]
    assert _switches(told([0.0, 0.0, 0.0]), exposed(silent)) == {}
    assert _switches(told([1.0, 1.0, 1.0]), exposed(silent))["early_exit",].tolist() == [1.0, 1.0, 1.0]


def test_processes_that_disagree_make_half_a_switch() -> None:
    found = _switches(told([1.0, 1.0], [0.0, 1.0]), exposed([0.65] * 2, [0.65] * 2))
    assert found["early_exit",].tolist() == [0.5, 1.0]


def test_a_part_of_the_blocks_has_what_rose_in_them() -> None:
    first, last = SEEN.between(0, SEEN.blocks // 2), SEEN.between(SEEN.blocks // 2, SEEN.blocks, "thresholds")
    assert first.blocks + last.blocks == SEEN.blocks
    assert first.finished() + last.finished() == pytest.approx(SEEN.finished())
    assert first.assessed() + last.assessed() == pytest.approx(SEEN.assessed())
    assert (first.changed, last.changed) == (SEEN.changed, (*SEEN.changed, "thresholds"))
    assert len(last.activity()) == last.blocks


def test_totals_are_of_all_keys_that_begin_so() -> None:
    ways = ("full", "lightweight", "early_exit")
    assert sum(SEEN.total(SEEN.items, way) for way in ways) == pytest.approx(SEEN.finished())
    assert SEEN.shortcuts() == pytest.approx(SEEN.finished() - SEEN.total(SEEN.items, "full"))
    assert SEEN.total(SEEN.items, None, "news") == pytest.approx(
        sum(SEEN.total(SEEN.items, way, "news") for way in ways)
    )


def test_it_prints_in_few_words() -> None:
    assert len(repr(SEEN)) < 60


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_counter_that_holds_no_count_is_left_out_with_its_time_and_named(value: float) -> None:
    world = World()
    finished = decide(world, draw(world, np.random.default_rng(3), 4000, SECONDS))
    rows = list(series(finished, np.linspace(0.0, SECONDS, 43), start=0.0))
    broken = next(n for n, one in enumerate(rows) if one.name == "pipeline_items_total" and one.values[-1] > 300)
    values = rows[broken].values.copy()
    values[-4:] = value
    sound = asyncio.run(read(WorldHistory(rows)))
    rows[broken] = msgspec.structs.replace(rows[broken], values=values)
    found = asyncio.run(read(WorldHistory(rows)))
    assert sound is not None
    assert found is not None
    assert sound.broken == ()
    assert found.activity()[:-4].tolist() == sound.activity()[:-4].tolist()
    assert found.activity()[-4:].tolist() == [0.0] * 4
    told = tune(found, InForce({}), goal_of(target_bypass=0.6))
    truth = tune(sound, InForce({}), goal_of(target_bypass=0.6))
    assert told.now is not None
    assert truth.now is not None
    assert truth.now.likely_bypass_rate is not None
    assert told.now.bypass_rate[0] < truth.now.likely_bypass_rate < told.now.bypass_rate[1]
    (caveat,) = [text for text in told.caveats if "holds no count" in text]
    assert caveat.startswith("pipeline_items_total{content_type=")
    assert caveat.endswith("holds no count (infinity or NaN) in 4 of 42 stretches of time; left out of everything: 4")


def test_a_counter_that_never_held_a_count_leaves_nothing_known_and_says_why() -> None:
    world = World()
    finished = decide(world, draw(world, np.random.default_rng(3), 2000, SECONDS))
    rows = [
        msgspec.structs.replace(one, values=np.full(43, np.inf)) if one.name == "pipeline_items_total" else one
        for one in series(finished, np.linspace(0.0, SECONDS, 43), start=0.0)
    ]
    told = tune(asyncio.run(read(WorldHistory(rows))), InForce(CONFIG), goal_of(target_bypass=0.6))
    assert told.caveats[0].startswith("not enough data: 0 items")
    assert "holds no count (infinity or NaN) in 42 of 42 stretches of time" in told.caveats[1]


def test_a_sum_of_scores_that_is_none_is_done_without() -> None:
    world = World()
    finished = decide(world, draw(world, np.random.default_rng(3), 4000, SECONDS))
    rows = [
        msgspec.structs.replace(one, values=one.values * np.nan) if one.name == "pipeline_quality_score_sum" else one
        for one in series(finished, np.linspace(0.0, SECONDS, 43), start=0.0)
    ]
    found = asyncio.run(read(WorldHistory(rows)))
    assert found is not None
    told = tune(found, InForce({}), goal_of(target_bypass=0.6))
    assert told.now is not None
    assert told.items == pytest.approx(4000, rel=0.05)
    assert told.now.quality == pytest.approx(0.744, abs=0.02)
    assert any("pipeline_quality_score_sum" in text for text in told.caveats)
