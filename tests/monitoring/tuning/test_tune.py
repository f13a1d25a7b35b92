"""Against simulated worlds whose truth is known; `python -m bench.coverage` does the same with many more."""

from __future__ import annotations

import functools

import msgspec
import numpy as np
import pytest

from bench.coverage import evidence, true_figures
from bench.worlds import Arm, Kind, World
from monitoring.outlook.evidence import Evidence, Table, _stable_from
from monitoring.targets.targets import Targets
from monitoring.tuning.goal import goal_of
from monitoring.tuning.recommendation import Recommendation, Tuning
from monitoring.tuning.tune import InForce, expect, tune

WORLD = World()
NOW = (0.65, 0.60, 0.60, 0.60)


@functools.cache
def seen(seed: int = 1, items: int = 5000) -> Evidence:
    return evidence(WORLD, seed, items)


def tuned(
    given: Evidence | None,
    *,
    target_bypass: float | None = None,
    min_quality: float | None = None,
    profile: str | None = None,
) -> Tuning:
    return tune(given, InForce({}), goal_of(target_bypass=target_bypass, min_quality=min_quality, profile=profile))


def thresholds(found: Tuning) -> tuple[float, float, float, float]:
    values = [r.recommended for r in found.recommendations[:4]]
    return values[0], values[1], values[2], values[3]


def of(found: Tuning, threshold: str) -> Recommendation:
    return next(r for r in found.recommendations if r.threshold == threshold)


@pytest.mark.parametrize("target", [0.53, 0.70, 0.75, 0.80, 0.88])
def test_a_target_bypass_rate_is_reached_and_its_interval_holds_the_truth(target: float) -> None:
    found = tuned(seen(), target_bypass=target)
    bypass, quality, savings = true_figures(WORLD, thresholds(found))
    assert abs(bypass - target) < 0.04
    row = of(found, "min_overall")
    assert row.expected_bypass_rate[0] <= bypass <= row.expected_bypass_rate[1]
    assert row.expected_time_savings[0] <= savings <= row.expected_time_savings[1]
    assert row.expected_quality == pytest.approx(quality, abs=0.015)


@pytest.mark.parametrize("least", [0.75, 0.78, 0.82])
def test_a_least_quality_is_reached_with_no_more_bypassing_than_it_needs(least: float) -> None:
    found = tuned(seen(), min_quality=least)
    chosen = thresholds(found)
    assert of(found, "min_overall").expected_quality == pytest.approx(least, abs=0.01)
    assert true_figures(WORLD, chosen)[1] == pytest.approx(least, abs=0.015)


def test_raised_to_an_edge_all_that_is_unsure_is_the_sample() -> None:
    hits, seeds = np.zeros(3), 40
    plan = (0.70, 0.60, 0.60, 0.60)
    truth = true_figures(WORLD, plan)
    for seed in range(seeds):
        found = expect(evidence(WORLD, seed, 3000), InForce({}), plan)
        assert found.quality_interval is not None
        intervals = (found.bypass_rate, found.quality_interval, found.time_savings)
        assert found.bypass_rate[1] - found.bypass_rate[0] < 0.05
        hits += [low <= true <= high for (low, high), true in zip(intervals, truth, strict=True)]
    assert (hits / seeds >= 0.85).all(), hits  # less than 0.85 of 40 happens by chance in 1 of 100 runs


@pytest.mark.parametrize(
    "plan",
    [NOW, (0.67, 0.60, 0.60, 0.60), (0.75, 0.60, 0.60, 0.60), (0.60, 0.55, 0.55, 0.55), (0.70, 0.65, 0.65, 0.65),
     (0.60, 0.60, 0.60, 0.60), (0.60, 0.50, 0.55, 0.60), (0.70, 0.55, 0.65, 0.60), (0.5, 0.5, 0.5, 0.5)],
)  # fmt: skip
@pytest.mark.parametrize("filtering", [True, False])
def test_bounds_hold_the_truth_whichever_thresholds_move(
    plan: tuple[float, float, float, float], filtering: bool
) -> None:
    world = msgspec.structs.replace(WORLD, filtering=filtering)
    found = expect(evidence(world, 7, 8000), InForce({}), plan)
    bypass, quality, savings = true_figures(world, plan)
    assert found.quality_interval is not None
    assert found.bypass_rate[0] - 0.005 <= bypass <= found.bypass_rate[1] + 0.005
    assert found.quality_interval[0] - 0.004 <= quality <= found.quality_interval[1] + 0.004
    assert found.time_savings[0] - 0.01 <= savings <= found.time_savings[1] + 0.01


def test_the_figures_of_today_are_those_that_were_counted() -> None:
    given = seen()
    found = expect(given, InForce({}), NOW)
    full = given.total(given.items, "full")
    assert sum(found.bypass_rate) / 2 == pytest.approx(1 - full / given.finished())
    saved, spent = given.total(given.saved), given.total(given.spent)
    assert sum(found.time_savings) / 2 == pytest.approx(saved / (saved + spent))


def test_without_flags_the_targets_of_balanced_are_the_goal() -> None:
    found = tuned(seen())
    assert found.goal == "the bypass rate nearest to 0.60 with a mean quality of 0.75 or more (the profile balanced)"
    row = of(found, "min_overall")
    assert row.expected_quality is not None
    assert row.expected_quality >= 0.75
    assert row.recommended > row.current  # 0.65 gives 0.743 in this world


def test_enough_items_of_three_types_are_confident_and_two_types_are_a_caveat() -> None:
    assert tuned(seen()).confident
    assert tuned(seen()).caveats == ["no allowed threshold comes nearer to a bypass rate of 0.60 than 0.68"]
    two = World(kinds=WORLD.kinds[:2])
    found = tuned(evidence(two, 1, 1000))
    assert not found.confident
    assert "2 content types seen, 3 are needed to be confident: discussion, news" in found.caveats
    assert len(found.recommendations) == 8


@pytest.mark.parametrize(
    ("items", "told"), [(80, "items under `balanced`, 100 are needed"), (0, "no items in the window")]
)
def test_too_few_items_are_not_enough_data_said_with_numbers(items: int, told: str) -> None:
    found = tuned(evidence(WORLD, 1, items) if items else None)
    assert (found.confident, found.recommendations) == (False, [])
    assert found.caveats[0].startswith("not enough data")
    assert told in found.caveats[0]


def test_items_that_counters_did_not_rise_by_between_scrapes_are_not_enough_data() -> None:
    """Such as a batch job's: all of them were there when its series appeared."""
    given = evidence(WORLD, 1, 120)
    risen = {key: values * 0.1 for key, values in given.items.items()}
    found = tuned(msgspec.structs.replace(given, items=risen, counted=(118.0, 110.0)))
    assert found.recommendations == []
    assert found.caveats == ["not enough data: 118 items, but only 12 of them came between two scrapes of a counter"]


@pytest.mark.parametrize("value", [65.0, -0.2])
def test_a_threshold_that_is_none_is_no_traceback(value: float) -> None:
    given = msgspec.structs.replace(seen(), thresholds={**seen().thresholds, "min_coherence": value})
    found = tuned(given, target_bypass=0.75)
    assert of(found, "min_coherence").recommended == value
    assert found.expected is not None
    assert found.expected.bypass_rate[0] <= found.expected.bypass_rate[1]


def test_without_margins_the_bounds_are_wider_and_still_hold_the_truth() -> None:
    without = msgspec.structs.replace(seen(), margins={})
    plan = (0.60, 0.55, 0.55, 0.55)
    wide, narrow = (expect(e, InForce({}), plan).bypass_rate for e in (without, seen()))
    truth = true_figures(WORLD, plan)[0]
    assert wide[0] <= truth <= wide[1]
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert any("pipeline_quality_margin_ratio" in caveat for caveat in tuned(without).caveats)


def test_where_only_kept_items_have_scores_raising_is_still_known_and_lowering_is_not() -> None:
    given = seen()
    scores = {key: h for key, h in given.scores.items() if key[1] == "full"}
    given = msgspec.structs.replace(given, scores=scores, margins={})
    raised, lowered = (expect(given, InForce({}), (t, 0.60, 0.60, 0.60)).bypass_rate for t in (0.70, 0.60))
    truth = true_figures(WORLD, (0.70, 0.60, 0.60, 0.60))[0]
    assert raised[0] < truth < raised[1]
    assert raised[1] - raised[0] < 0.05
    assert lowered[1] - lowered[0] > 0.3


def test_without_seconds_nothing_is_said_about_savings() -> None:
    found = tuned(msgspec.structs.replace(seen(), spent={}, saved={}), target_bypass=0.75)
    assert of(found, "min_overall").expected_time_savings == (0.0, 1.0)
    assert any("nothing is known about savings" in caveat for caveat in found.caveats)


def test_a_wrong_skip_rate_that_is_surely_too_high_forbids_anything_stricter() -> None:
    def shadowed(right: float, wrong: float) -> Tuning:
        blocks = {("quality_filter", "right"): np.full(42, right), ("quality_filter", "wrong"): np.full(42, wrong)}
        return tuned(msgspec.structs.replace(seen(), shadow=blocks), target_bypass=0.80)

    assert of(shadowed(5.0, 0.2), "min_overall").recommended > 0.65
    found = shadowed(5.0, 2.0)
    assert of(found, "min_overall").recommended == 0.65
    assert any("84 were wrong, more than 10% at 95 %" in caveat for caveat in found.caveats)
    assert found.shadow[0].wrong_rate[0] > 0.2


def test_exit_confidences_move_only_when_the_early_exit_share_is_surely_outside_its_band() -> None:
    assert {r.recommended - r.current for r in tuned(seen()).recommendations[4:]} == {0.0}
    rare = World(arms=(Arm("balanced", confidences=(0.95, 0.95, 0.95, 0.95)),), held=(0.15, 0.25, 0.35, 0.2))
    found = tuned(evidence(rare, 2, 5000))
    steps = {round(r.recommended - r.current, 4) for r in found.recommendations[4:]}
    assert len(steps) == 1
    assert steps.pop() < 0
    assert "lies outside 0.30 to 0.60" in found.recommendations[4].reason


def test_the_exit_rate_of_a_confidence_holds_its_truth() -> None:
    found = of(tuned(seen()), "post_download_min_confidence")
    truth = 0.08 * (np.random.default_rng(1).beta(9.0, 1.5, 200_000) >= 0.85).mean()
    assert found.expected_exit_rate is not None
    assert found.expected_exit_rate[0] <= truth <= found.expected_exit_rate[1]
    assert found.samples == pytest.approx(0.08 * 4950, rel=0.15)


def test_modes_are_recommended_by_how_many_items_pass() -> None:
    kinds = (Kind("news", 0.3, 0.72, 80.0), Kind("education", 0.25, 0.80, 90.0, "lightweight"),
             Kind("discussion", 0.25, 0.50, 90.0, "full"), Kind("entertainment", 0.2, 0.40, 90.0))  # fmt: skip
    given = evidence(World(kinds=kinds), 3, 4000)
    found = tune(given, InForce({}), goal_of(), by_content_type=True)
    assert {m.content_type: (m.current, m.recommended) for m in found.modes} == {
        "news": ("quality_check", "quality_check"),
        "education": ("lightweight", "quality_check"),
        "discussion": ("full", "quality_check"),
        "entertainment": ("quality_check", "lightweight"),
    }
    assert set(found.by_content_type) == {"news", "education", "discussion", "entertainment", "unspecified"}


def test_alerts_that_the_result_would_raise_are_named_by_the_bands_in_force() -> None:
    found = tune(seen(), InForce({}), goal_of(target_bypass=0.88), bands=Targets().bands)
    states = {e.alert: (e.best, e.worst) for e in found.alerts}
    assert states["PipelineBypassRateHigh"] == ("warning", "warning")
    assert states["PipelineBypassRateLow"] == ("ok", "ok")
    assert set(states) >= {"PipelineQualityScoreLow", "PipelineTimeSavingsLow", "PipelineEarlyExitShareLow"}


def test_several_configurations_are_not_mixed() -> None:
    world = World(arms=(Arm("a", (0.70, 0.6, 0.6, 0.6), share=0.3), Arm("b", (0.6, 0.6, 0.6, 0.6), share=0.7)))
    given = evidence(world, 1, 2000)
    assert given.version == "a"
    found = tuned(given)
    assert of(found, "min_overall").current == 0.70
    assert any("only `a` is looked at; left out: b (" in caveat for caveat in found.caveats)


def test_what_lies_before_a_change_of_thresholds_is_left_out() -> None:
    levels: Table = {("min_overall",): np.array([0.7, 0.7, 0.65, 0.65, 0.65]), ("min_coherence",): np.full(5, 0.6)}
    assert _stable_from(levels) == 3  # it changed within the third block
    assert _stable_from({("min_overall",): np.array([np.nan, 0.7, np.nan, 0.7])}) == 0
    assert _stable_from({}) == 0


def test_thresholds_that_no_metric_tells_come_from_the_configuration() -> None:
    given = msgspec.structs.replace(seen(), thresholds={})
    values = {f"min_{d}": 0.6 for d in ("coherence", "completeness", "informativeness")} | {"min_overall": 0.65}
    found = tune(given, InForce(values), goal_of(target_bypass=0.8))
    assert of(found, "min_overall").current == 0.65


def test_with_few_blocks_counts_are_drawn_and_the_caveat_says_so() -> None:
    found = tuned(evidence(WORLD, 5, 2000, 3), target_bypass=0.75)
    assert any("cannot be measured" in caveat for caveat in found.caveats)
    truth = true_figures(WORLD, thresholds(found))[0]
    low, high = of(found, "min_overall").expected_bypass_rate
    assert low <= truth <= high
