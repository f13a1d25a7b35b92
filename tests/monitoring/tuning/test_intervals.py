"""No interval crosses and no point lies outside its own, whatever is recorded, missing, reset or foreign."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.backfill import Series
from bench.worlds import Arm, World, decide, draw, series
from monitoring.history.blocks import Floats
from monitoring.history.histograms import Range, exactly
from monitoring.outlook.evidence import Evidence, read_evidence, recounted
from monitoring.outlook.stratum import Plan
from monitoring.tuning.arms import read_arm
from monitoring.tuning.compare import Difference, compare
from monitoring.tuning.goal import goal_of
from monitoring.tuning.recommendation import Expectation
from monitoring.tuning.shift import shifts
from monitoring.tuning.tune import InForce, expect, since_changes, tune
from pipemeter.verbs.compare import document
from tests.monitoring.scraped_history import ScrapedHistory

CONFIG = InForce({"min_overall": 0.65, "min_coherence": 0.6, "min_completeness": 0.6, "min_informativeness": 0.6})
FAMILIES = (
    "pipeline_bypasses_total", "pipeline_time_spent_seconds_total", "pipeline_time_saved_seconds_total",
    "pipeline_failures_total", "pipeline_quality_margin_ratio_bucket", "pipeline_quality_score_sum",
    "pipeline_quality_score_count", "pipeline_item_duration_seconds_bucket", "pipeline_threshold_ratio",
    "pipeline_exit_candidate_confidence_bucket", "pipeline_checkpoint_evaluations_total",
    "pipeline_early_exits_total",
)  # fmt: skip
DIMENSIONS = ("overall", "coherence", "completeness", "informativeness")
MODES = st.sampled_from(["quality_check", "full", "lightweight"])
SHARES = st.floats(0.0, 1.0)
ARMS = (Arm("a", share=0.6), Arm("b", (0.7, 0.6, 0.65, 0.6), (0.7, 0.7, 0.7, 0.45), 0.4))


class Case(msgspec.Struct, frozen=True):
    """One history: a world, and what of it is told."""

    seed: int
    items: int
    spacing: int  # s
    blocks: int
    world: World
    left_out: frozenset[str]  # families
    untold: frozenset[str]  # dimensions of scores
    ways: frozenset[str]  # whose scores are not told
    resets: tuple[float, ...]  # shares of the time
    instances: int
    switch: tuple[float, float] | None  # quality_filtering in the first half and in the second
    reason: str | None  # that stands instead of the true ones
    way: str | None  # a way of somebody else's
    junk: bool


@st.composite
def cases(draw_: st.DrawFn) -> Case:
    kinds = tuple(
        msgspec.structs.replace(kind, mode=draw_(MODES), quality=draw_(st.floats(0.3, 0.95)))
        for kind in World().kinds[: draw_(st.integers(1, 3))]
    )
    began = draw_(st.none() | st.tuples(*(MODES for _ in kinds)))
    world = World(
        kinds, ARMS, filtering=draw_(st.booleans()), exits=draw_(st.booleans()), began=began, fail=draw_(st.floats(0, 0.3)),
        shock=draw_(st.sampled_from([0.0, 0.1])),
    )  # fmt: skip
    return Case(
        draw_(st.integers(0, 10_000)), draw_(st.integers(90, 900)), draw_(st.sampled_from([10, 15, 60, 120, 300])),
        draw_(st.sampled_from([1, 5, 12, 42])), world, draw_(st.frozensets(st.sampled_from(FAMILIES), max_size=5)),
        draw_(st.frozensets(st.sampled_from(DIMENSIONS[1:]), max_size=3)),
        draw_(st.frozensets(st.sampled_from(["full", "lightweight", "early_exit"]), max_size=2)),
        tuple(draw_(st.lists(SHARES, max_size=2))), draw_(st.integers(1, 3)),
        draw_(st.none() | st.tuples(*(st.sampled_from([0.0, 1.0]),) * 2)),
        draw_(st.sampled_from([None, "unspecified", "content_type", "someone_elses"])),
        draw_(st.sampled_from([None, "skimmed"])), draw_(st.booleans()),
    )  # fmt: skip


def scraped(case: Case) -> Iterator[Series]:
    """Yield what instances show, each of which sees its part of the items."""
    rng = np.random.default_rng(case.seed)
    seconds = float(case.blocks * 5 * case.spacing)
    for number in range(case.instances):
        drawn = draw(case.world, rng, max(1, case.items // case.instances), seconds)
        times = np.arange(rng.uniform(0.0, case.spacing), seconds + 1, case.spacing)
        resets = [share * seconds for share in case.resets]
        labels = {"job": "pipeline", "instance": f"{number}:8000", "region": "north"}
        for one in series(decide(case.world, drawn), times, start=0.0, resets=resets, labels=labels):
            yield from told(case, one)
        if case.switch is not None:
            states = np.where(times < seconds / 2, *case.switch)
            yield Series("pipeline_feature_enabled", {"feature": "quality_filtering", **labels}, times, states)


def told(case: Case, one: Series) -> Iterator[Series]:
    labels = dict(one.labels)
    if one.name in case.left_out or labels.get("dimension") in case.untold:
        return
    if one.name.startswith("pipeline_quality_score") and labels["processing_type"] in case.ways:
        return
    if one.name == "pipeline_bypasses_total" and case.reason:
        labels["reason"] = case.reason
    yield Series(one.name, labels, one.times, one.values)
    if case.way and one.name.startswith(("pipeline_items", "pipeline_time")) and labels["processing_type"] == "full":
        yield Series(one.name, {**labels, "processing_type": case.way}, one.times, np.floor(one.values / 10))
    if case.junk and one.name.endswith("_bucket") and labels["le"] == "+Inf":
        for le in ("", "NaN", "-Inf", "many"):
            yield Series(one.name, {**labels, "le": le}, one.times, one.values)


def crossed(found: Any, at: str = "") -> Iterator[str]:
    """Yield every interval of an answer that is the wrong way round, out of its bounds, or without its point."""
    if isinstance(found, Expectation):
        for ends, point in ((found.bypass_rate, found.likely_bypass_rate), (found.quality_interval, found.quality),
                            (found.time_savings, found.likely_time_savings)):  # fmt: skip
            if ends is not None and point is not None and not ends[0] <= point <= ends[1]:
                yield f"{at}: {point} outside {ends}"
    if isinstance(found, Difference) and not found.interval[0] <= found.value <= found.interval[1]:
        yield f"{at}: {found}"
    if isinstance(found, msgspec.Struct):
        found = {name: getattr(found, name) for name in found.__struct_fields__}
    if isinstance(found, dict):
        for name, value in found.items():
            yield from crossed(value, f"{at}.{name}")
    elif isinstance(found, tuple) and len(found) == 2 and all(isinstance(end, float) for end in found):
        if not -1.0 <= found[0] <= found[1] <= 1.0:
            yield f"{at}: {found}"
    elif isinstance(found, list | tuple):
        for number, value in enumerate(found):
            yield from crossed(value, f"{at}[{number}]")


async def read(history: ScrapedHistory) -> Evidence | None:
    found = await read_evidence(history)
    return found and await recounted(history, since_changes(found, CONFIG))


@settings(max_examples=40, deadline=None)
@given(cases(), st.sampled_from([{"target_bypass": 0.6}, {"min_quality": 0.75}, {}]))
def test_no_interval_of_tune_or_compare_crosses(case: Case, goal: dict[str, float]) -> None:
    everything = list(scraped(case))
    history = ScrapedHistory(everything, 0.0, float(case.blocks * 5 * case.spacing), case.blocks)
    evidence = asyncio.run(read(history))
    found = tune(evidence, CONFIG, goal_of(**goal), by_content_type=True)  # type: ignore[arg-type]
    assert not list(crossed(found))
    if evidence is not None and found.now is not None:
        assert evidence.today is not None
        assert found.now.likely_bypass_rate == pytest.approx(evidence.today.bypass_rate)
        plan = Plan((0.65, 0.6, 0.6, 0.6), {}, {})
        for shift in shifts(evidence, plan, msgspec.structs.replace(plan, thresholds=(0.71, 0.6, 0.6, 0.6))).values():
            assert (shift.low <= shift.point).all()
            assert (shift.point <= shift.high).all()

    async def both() -> Any:
        return compare(await read_arm(history, "a"), await read_arm(history, "b"), history.blocks)

    compared = asyncio.run(both())
    assert not list(crossed(compared))
    shown = document(compared, "a", "b")
    for name in ("quality_diff", "time_savings_diff", "early_exit_rate_diff", "error_rate_diff"):
        ends, point = shown[f"{name}_ci"], shown[name]
        assert (ends is None and point is None) or ends[0] <= point <= ends[1]


@settings(max_examples=25, deadline=None)
@given(cases(), st.tuples(*(st.floats(0.0, 1.0).map(lambda value: round(value, 2)) for _ in range(4))))
def test_no_expectation_crosses_whatever_thresholds_are_thought_of(
    case: Case, thresholds: tuple[float, float, float, float]
) -> None:
    history = ScrapedHistory(list(scraped(case)), 0.0, float(case.blocks * 5 * case.spacing), case.blocks)
    evidence = asyncio.run(read(history))
    if evidence is not None:
        assert not list(crossed(expect(evidence, CONFIG, thresholds)))


NUMBERS = st.lists(st.floats(0.0, 100.0), min_size=3, max_size=3).map(np.array)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_a_range_holds_its_point_whatever_it_is_made_of(
    a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, f: Floats
) -> None:
    one, other = Range(a, b, c), Range(d, e, f)
    for found in (
        one, one.within(other), one.or_else(other), one.plus(other), one.rest(50.0), one.less(b), one.clipped(d, e),
        exactly(a).within(one),
    ):  # fmt: skip
        assert (found.low <= found.point).all()
        assert (found.point <= found.high).all()
    apart = Range(a, a, a).within(Range(a + 1, a + 1, a + 1))
    assert (apart.low == a).all()
    assert (apart.high == a + 1).all()


def test_what_nobody_knows_has_no_ends() -> None:
    nothing = Range(np.zeros(1), np.full(1, math.nan), np.ones(1))
    assert np.isnan(nothing.low).all()
    assert np.isnan(nothing.high).all()
