from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from monitoring.history.histograms import Range, exactly
from monitoring.outlook.outlook import Outlook
from monitoring.outlook.stratum import Plan
from monitoring.tuning.goal import Goal, choose, goal_of, targets_goal

CURRENT = Plan((0.65, 0.60, 0.60, 0.60), {}, {})


def outlook(bypass: float, quality: float, unsure: float = 0.0) -> Outlook:
    sides = (np.array([bypass + side * unsure / 2]) for side in (-1, 0, 1))
    return Outlook(np.array([100.0]), Range(*sides), exactly(np.array([quality])), exactly(np.zeros(1)))


def world(unsure: Callable[[Plan], float] = lambda plan: 0.0) -> Callable[[Plan], Outlook]:
    """Items bypassed as the least overall score says, and as much better for it; the other thresholds do as much."""

    def look(plan: Plan) -> Outlook:
        strict = min(1.0, max(0.0, sum(plan.thresholds) - 1.8))
        return outlook(strict, 0.5 + strict / 2, unsure(plan))

    return look


@pytest.mark.parametrize(
    ("asked", "bypass", "quality", "said"),
    [
        ({"target_bypass": 0.5}, 0.5, None, "nearest to 0.50"),
        ({"min_quality": 0.8}, None, 0.8, "mean quality of 0.80 or more"),
        ({"profile": "aggressive"}, 0.70, 0.70, "the profile aggressive"),
        ({}, 0.60, 0.75, "the profile balanced"),
    ],
)
def test_the_command_line_names_a_goal(
    asked: dict[str, object], bypass: float | None, quality: float | None, said: str
) -> None:
    found = goal_of(**asked)  # type: ignore[arg-type]
    assert (found.bypass, found.quality) == (bypass, quality)
    assert said in found.text


def test_a_goal_of_targets_says_the_targets_that_there_are() -> None:
    assert targets_goal(None, 0.75, "monitoring.yaml").text == "a mean quality of 0.75 or more (monitoring.yaml)"
    assert targets_goal(0.6, None, "x").text == "the bypass rate nearest to 0.60 (x)"


@pytest.mark.parametrize("target", [0.30, 0.52, 0.70, 0.88])
def test_the_plan_taken_comes_to_the_bypass_rate_asked_for(target: float) -> None:
    found = choose(Goal("", bypass=target), CURRENT, world())
    assert float(world()(found.plan).bypass.point[0]) == pytest.approx(target, abs=0.021)


def test_what_is_in_force_is_kept_where_it_is_as_good_as_any() -> None:
    assert choose(Goal("", bypass=0.65), CURRENT, world()).plan == CURRENT
    assert choose(Goal("", bypass=0.652), CURRENT, world()).plan == CURRENT


def test_of_plans_that_are_good_enough_the_least_strict_is_taken() -> None:
    found = choose(Goal("", quality=0.9), CURRENT, world())
    assert found.plan.thresholds[0] == pytest.approx(0.80)
    assert found.caveats == []


def test_a_quality_that_no_plan_reaches_is_said_and_the_best_is_taken() -> None:
    found = choose(Goal("", quality=0.99), CURRENT, lambda plan: outlook(0.5, 0.5 + plan.thresholds[0] / 10))
    assert found.plan.thresholds[0] == 1.0
    assert len(found.caveats) == 1


def test_where_stricter_plans_are_not_allowed_none_is_taken() -> None:
    found = choose(Goal("", bypass=0.9), CURRENT, world(), may_raise=False)
    assert found.plan.thresholds[0] <= CURRENT.thresholds[0]
    assert found.caveats


def test_all_thresholds_move_alike_where_that_is_known_much_better() -> None:
    def unsure(plan: Plan) -> float:
        return 0.3 if plan.thresholds[1:] == CURRENT.thresholds[1:] else 0.0

    found = choose(Goal("", bypass=0.30), CURRENT, world(unsure)).plan
    moved = {round(there - here, 4) for there, here in zip(found.thresholds, CURRENT.thresholds, strict=True)}
    assert len(moved) == 1
    assert moved != {0.0}


def test_a_threshold_whose_scores_are_not_known_stays() -> None:
    def unsure(plan: Plan) -> float:
        return 0.3 if plan.thresholds[1:] == CURRENT.thresholds[1:] else 0.0

    found = choose(Goal("", bypass=0.30), CURRENT, world(unsure), movable={0, 2}).plan
    assert (found.thresholds[1], found.thresholds[3]) == (0.60, 0.60)
