"""How items went is read off what speaks against it, in worlds whose truth is known and of which much is not told."""

from __future__ import annotations

import asyncio
import functools

import msgspec
import numpy as np
import pytest

from bench.backfill import Series
from bench.coverage import SECONDS, evidence, true_figures
from bench.world_history import WorldHistory
from bench.worlds import Kind, World, decide, draw, series
from monitoring.history.histograms import Buckets
from monitoring.outlook.evidence import Evidence, Table, _switches, read_evidence
from monitoring.outlook.observed import Observed, _surely_more, observe, settled
from monitoring.tuning.goal import goal_of
from monitoring.tuning.recommendation import Tuning
from monitoring.tuning.tune import InForce, expect, tune

NOW = (0.65, 0.60, 0.60, 0.60)
RAISED = (0.70, 0.60, 0.60, 0.60)
CHECKED = ("quality_check",) * 3
WORLD = World()
OVERALL = ("overall",)


@functools.cache
def seen(world: World, items: int = 6000) -> Evidence:
    return evidence(world, 1, items)


def without(given: Evidence, *names: str) -> Evidence:
    return msgspec.structs.replace(given, **{name: {} for name in names})


def of(**more: object) -> World:
    return msgspec.structs.replace(WORLD, **more)


def tuned(world: World, items: int, **goal: float) -> Tuning:
    return tune(seen(world, items), InForce({}), goal_of(**goal))  # type: ignore[arg-type]


def observed(given: Evidence) -> Observed:
    return observe(given, NOW)


def modes(*first: str) -> tuple[Kind, ...]:
    """Return the kinds of content with other modes for the first of them."""
    changed = [msgspec.structs.replace(kind, mode=mode) for kind, mode in zip(WORLD.kinds, first, strict=False)]
    return (*changed, *WORLD.kinds[len(first) :])


@pytest.mark.parametrize("left_out", [(), ("bypasses",), ("margins",), ("bypasses", "margins")])
@pytest.mark.parametrize(("filtering", "expected"), [(True, True), (False, False)])
def test_whether_the_filter_was_on_is_seen_without_being_told(
    left_out: tuple[str, ...], filtering: bool, expected: bool
) -> None:
    found = observed(without(seen(of(filtering=filtering)), *left_out))
    assert (found.filtering, found.told, found.doubts) == (expected, False, [])


def test_a_filter_with_nothing_to_filter_counts_as_on() -> None:
    splendid = of(kinds=tuple(msgspec.structs.replace(kind, quality=0.97) for kind in WORLD.kinds), spread=0.01)
    assert observed(seen(splendid, 1000)).filtering


@pytest.mark.parametrize("left_out", [(), ("bypasses",)])
def test_modes_are_seen_by_the_ways_that_items_went(left_out: tuple[str, ...]) -> None:
    world = of(kinds=modes("full", "lightweight"))
    assert observed(without(seen(world), *left_out)).modes == {
        "discussion": "full", "news": "lightweight", "education": "quality_check", "entertainment": "quality_check",
    }  # fmt: skip


def test_a_reason_that_is_not_given_says_nothing() -> None:
    given = seen(WORLD)
    unspecified = {("unspecified", kind): values for (_, kind), values in given.bypasses.items()}
    told = msgspec.structs.replace(given, bypasses=unspecified)
    assert observed(told) == observed(without(given, "bypasses"))
    assert expect(told, InForce({}), RAISED) == expect(without(given, "bypasses"), InForce({}), RAISED)


@pytest.mark.parametrize(
    ("world", "left_out"),
    [(WORLD, ("bypasses",)), (WORLD, ("bypasses", "thresholds")), (WORLD, ("margins", "bypasses")),
     (of(dimensions=OVERALL), ()), (of(dimensions=OVERALL), ("bypasses",)), (of(dimensions=OVERALL), ("margins",)),
     (of(dimensions=OVERALL, filtering=False), ()), (of(dimensions=OVERALL, filtering=False), ("margins",)),
     (of(dimensions=("overall", "coherence"), filtering=False), ("margins",))],
)  # fmt: skip
@pytest.mark.parametrize(
    "plan", [NOW, RAISED, (0.60, 0.60, 0.60, 0.60), (0.60, 0.55, 0.55, 0.55), (0.70, 0.65, 0.65, 0.65)]
)
def test_intervals_hold_the_truth_whatever_is_missing(
    world: World, left_out: tuple[str, ...], plan: tuple[float, float, float, float]
) -> None:
    values = dict(zip(("min_overall", "min_coherence", "min_completeness", "min_informativeness"), NOW, strict=True))
    found = expect(without(seen(world), *left_out), InForce(values), plan)
    bypass, quality, savings = true_figures(WORLD, plan)
    assert found.quality_interval is not None
    for (low, high), true in (
        (found.bypass_rate, bypass),
        (found.quality_interval, quality),
        (found.time_savings, savings),
    ):
        assert low - 0.005 <= true <= high + 0.005


@pytest.mark.parametrize(
    ("before", "after"),
    [("full", "quality_check"), ("quality_check", "full"), ("lightweight", "quality_check"),
     ("quality_check", "lightweight"), ("full", "lightweight"), ("lightweight", "full")],
)  # fmt: skip
@pytest.mark.parametrize("reasons", [True, False])
def test_a_mode_that_changed_within_the_window_is_told_and_only_what_came_after_counts(
    before: str, after: str, reasons: bool
) -> None:
    world = of(kinds=modes(after), began=(before, *CHECKED), reasons=reasons)
    found = tuned(world, 6000, target_bypass=0.6)
    (caveat,) = [text for text in found.caveats if "changed within the window" in text]
    assert (
        caveat == "how items of discussion are processed changed within the window: only what came after is looked at"
    )
    assert 0.42 < found.items / 5900 < 0.55
    truth = true_figures(world, NOW)
    assert found.now is not None
    for (low, high), true in zip((found.now.bypass_rate, found.now.time_savings), (truth[0], truth[2]), strict=True):
        assert low - 0.01 <= true <= high + 0.01
    assert not any("contradicts" in text for text in found.caveats)


def test_scores_that_lie_on_their_thresholds_pass_and_speak_against_nothing() -> None:
    """Scores in tenths: a fifth of all items lies on a threshold, and is counted in the bucket that ends there."""
    drawn = draw(WORLD, np.random.default_rng(3), 6000, SECONDS)
    rounded = decide(WORLD, msgspec.structs.replace(drawn, scores=np.round(drawn.scores, 1)))
    history = WorldHistory(series(rounded, np.linspace(0.0, SECONDS, 43), start=0.0))
    given = asyncio.run(read_evidence(history))
    assert given is not None
    assert (observed(given).filtering, observed(given).doubts) == (True, [])
    assert set(observed(without(given, "bypasses")).modes.values()) == {"quality_check"}
    assert observed(without(given, "bypasses")).doubts == []


def test_items_that_were_assessed_and_then_failed_speak_against_nothing() -> None:
    given = without(seen(WORLD), "bypasses")
    more = {key: msgspec.structs.replace(one, counts=one.counts * 1.3) for key, one in given.margins.items()}
    found = observed(msgspec.structs.replace(given, margins=more))
    assert (found.doubts, set(found.modes.values())) == ([], {"quality_check"})
    truth = true_figures(WORLD, RAISED)[0]
    low, high = expect(msgspec.structs.replace(given, margins=more), InForce({}), RAISED).bypass_rate
    assert low <= truth <= high


def test_nothing_is_left_out_where_nothing_changed() -> None:
    for world in (WORLD, of(filtering=False), of(shock=0.06), of(kinds=modes("full", "lightweight"))):
        assert settled(seen(world), NOW) is seen(world)


def test_thresholds_that_are_not_those_in_force_are_a_contradiction_that_is_named_and_widens() -> None:
    """The items were decided by 0.65, nobody exposes that, and the configuration at hand says 0.80."""
    given = without(seen(of(reasons=False)), "thresholds", "margins")
    values = {"min_overall": 0.80, "min_coherence": 0.60, "min_completeness": 0.60, "min_informativeness": 0.60}
    found = tune(given, InForce(values), goal_of(target_bypass=0.7))
    named = [text for text in found.caveats if text.startswith("the evidence contradicts itself")]
    assert len(named) == 4
    assert "items kept are below a threshold" in named[0]
    assert found.now is not None
    assert found.expected is not None
    assert found.now.bypass_rate[0] < 0.633 < found.now.bypass_rate[1]  # counted, whatever is doubtful
    assert found.now.bypass_rate[1] - found.now.bypass_rate[0] < 0.04
    assert found.expected.bypass_rate[1] - found.expected.bypass_rate[0] > 0.2


def test_a_switch_that_is_told_to_be_off_while_items_are_filtered_is_a_contradiction() -> None:
    given = msgspec.structs.replace(seen(WORLD), switches={"quality_filtering": False})
    found = observed(given)
    assert (found.filtering, found.told) == (False, True)
    assert all("the filter was off, but" in doubt for doubt in found.doubts)
    assert len(found.doubts) == 4


def test_a_switch_decides_where_it_is_told() -> None:
    off = msgspec.structs.replace(seen(of(filtering=False)), switches={"quality_filtering": False})
    assert (observed(off).filtering, observed(off).told, observed(off).doubts) == (False, True, [])
    on = msgspec.structs.replace(seen(of(kinds=modes(*["full"] * 4))), switches={"quality_filtering": True})
    assert set(observed(on).modes.values()) == {"full"}
    assert set(observed(msgspec.structs.replace(on, switches={})).modes.values()) == {"quality_check"}


def states(told: dict[str, list[float]], exposed: dict[str, list[float]]) -> list[float]:
    """Return the states of the filter's switch, given what each instance tells of it and of a threshold."""
    gauges: Table = {("quality_filtering", name): np.array(values) for name, values in told.items()}
    thresholds: Table = {("min_overall", name): np.array(values) for name, values in exposed.items()}
    found = _switches(gauges, thresholds)
    return found["quality_filtering",].tolist() if found else []


def test_a_switch_at_zero_counts_only_once_a_pipeline_has_told_its_configuration() -> None:
    assert states({"a:1": [0.0, 0.0, 0.0]}, {"a:1": [np.nan, np.nan, np.nan]}) == []
    assert states({"a:1": [0.0, 0.0, 0.0]}, {"b:1": [0.65, 0.65, 0.65]}) == []
    found = states({"a:1": [0.0, 0.0, 1.0]}, {"a:1": [np.nan, 0.65, 0.65]})
    assert np.isnan(found[0])
    assert found[1:] == [0.0, 1.0]


def test_processes_that_disagree_about_a_switch_tell_nothing() -> None:
    both = {"a:1": [0.65, 0.65], "b:1": [0.65, 0.65]}
    assert states({"a:1": [1.0, 1.0], "b:1": [0.0, 0.0]}, both) == [0.5, 0.5]
    assert states({"a:1": [1.0, 1.0], "idle:1": [0.0, 0.0]}, {"a:1": [0.65, 0.65]}) == [1.0, 1.0]


def test_a_switch_is_told_by_the_processes_that_count_the_items_and_by_no_others() -> None:
    world = of(filtering=False)
    finished, times = decide(world, draw(world, np.random.default_rng(3), 2000, SECONDS)), np.linspace(0.0, SECONDS, 43)
    rows = list(series(finished, times, start=0.0, labels={"instance": "ours:1"}))

    def read(state: float, instance: str) -> dict[str, bool]:
        labels = {"feature": "quality_filtering", "instance": instance}
        gauge = Series("pipeline_feature_enabled", labels, times, np.full(len(times), state))
        found = asyncio.run(read_evidence(WorldHistory([*rows, gauge])))
        assert found is not None
        return found.switches

    assert read(1.0, "theirs:1") == {}
    assert read(1.0, "ours:1") == {"quality_filtering": True}
    assert read(0.0, "ours:1") == {"quality_filtering": False}


def test_thresholds_of_scores_that_nobody_tells_stay_as_they_are() -> None:
    for goal in ({"target_bypass": 0.4}, {"target_bypass": 0.8}, {"min_quality": 0.7}):
        found = tuned(of(dimensions=("overall", "coherence")), 6000, **goal)
        moved = {one.threshold: one.recommended - one.current for one in found.recommendations}
        assert (moved["min_completeness"], moved["min_informativeness"]) == (0.0, 0.0)
        assert any("no scores recorded for completeness, informativeness" in text for text in found.caveats)
        (reason,) = [one.reason for one in found.recommendations if one.threshold == "min_completeness"]
        assert reason == "left as it is: no scores recorded for completeness"


@pytest.mark.parametrize("family", ["spent", "saved"])
def test_savings_without_their_seconds_are_not_known(family: str) -> None:
    found = tune(without(seen(WORLD), family), InForce({}), goal_of(target_bypass=0.7))
    assert found.now is not None
    assert found.expected is not None
    for one in (found.now, found.expected):
        assert (one.time_savings, one.likely_time_savings) == ((0.0, 1.0), None)
    assert any(f"pipeline_time_{family}_seconds_total" in text for text in found.caveats)
    assert "PipelineTimeSavingsLow" not in {effect.alert for effect in found.alerts}


def test_margins_of_a_part_of_the_items_are_left_aside_and_that_is_said() -> None:
    given = seen(WORLD)
    halved = {
        key: msgspec.structs.replace(one, counts=one.counts * (0.5 if key == ("news",) else 1.0))
        for key, one in given.margins.items()
    }
    found = tune(msgspec.structs.replace(given, margins=halved), InForce({}), goal_of(target_bypass=0.7))
    assert "margins tell of a part of the items only, and are left aside: news" in found.caveats
    truth = true_figures(WORLD, NOW)[0]
    assert found.now is not None
    assert found.now.bypass_rate[0] <= truth <= found.now.bypass_rate[1]


def moved(given: Evidence, way: str, share: float) -> Evidence:
    """Return evidence in which a share of the items bypassed in each block went another way, whatever their scores."""

    def table(values: Table) -> Table:
        found = dict(values)
        for key, counts in values.items():
            if "lightweight" in key:
                other = tuple(way if part == "lightweight" else part for part in key)
                found[key] = counts * (1 - share)
                found[other] = values.get(other, counts * 0.0) + counts * share
        return found

    counts = table({key: one.counts for key, one in given.scores.items()})
    edges = next(iter(given.scores.values())).edges
    return msgspec.structs.replace(
        given,
        scores={key: Buckets(edges, values) for key, values in counts.items()},
        bypasses={key: values * (1 - share) for key, values in given.bypasses.items()},
        **{name: table(getattr(given, name)) for name in ("items", "spent", "saved", "score_sums")},
    )


def test_a_contradiction_spread_over_the_whole_window_is_no_change_and_is_named() -> None:
    """A tenth of the poor items is kept all along: of the last hundred too few to be noticed."""
    given = moved(seen(WORLD, 1800), "full", 0.12)
    assert settled(given, NOW) is given
    found = tune(given, InForce({}), goal_of(target_bypass=0.5))
    assert found.items == pytest.approx(1780, abs=30)
    assert not any("changed within the window" in text for text in found.caveats)
    assert any(text.startswith("the evidence contradicts itself") for text in found.caveats)
    assert found.now is not None
    assert found.now.likely_bypass_rate == pytest.approx(given.shortcuts() / given.finished(), abs=1e-6)


@pytest.mark.parametrize("left_out", [(), ("margins",), ("scores", "score_sums"), ("bypasses",)])
def test_items_that_leave_after_the_assessment_tell_of_no_way_whatever_their_scores(left_out: tuple[str, ...]) -> None:
    """A checkpoint may come before the filter: then poor items leave there as well."""
    given = without(moved(seen(WORLD, 1800), "early_exit", 0.25), *left_out)
    found = observed(given)
    assert (found.filtering, found.doubts, set(found.modes.values())) == (True, [], {"quality_check"})
    assert settled(given, NOW) is given
    if "scores" not in left_out:
        assert found.of("news").mixed
        assert found.of("news").standing("early_exit") == "any"
        told = tune(given, InForce({}), goal_of(target_bypass=0.7))
        assert told.now is not None
        assert told.now.likely_bypass_rate == pytest.approx(given.shortcuts() / given.finished(), abs=1e-6)
        assert any("left early after the assessment on both sides" in text for text in told.caveats) == (
            "margins" not in left_out
        )
        bypass = true_figures(WORLD, RAISED)[0]
        low, high = expect(given, InForce({}), RAISED).bypass_rate
        assert low <= bypass <= high


def test_two_shares_differ_only_where_chance_hardly_explains_it() -> None:
    assert _surely_more(400, 1000, 0, 25)
    assert not _surely_more(80, 1000, 0, 25)  # two are due, and none may well come
    assert not _surely_more(80, 1000, 2, 25)
    assert not _surely_more(0, 1000, 5, 25)
    assert not _surely_more(10, 10, 0, 0)
