from __future__ import annotations

import numpy as np
import pytest

from bench.coverage import evidence
from bench.worlds import World
from monitoring.outlook.stratum import Plan
from monitoring.servers.range_queries import Window
from monitoring.tuning.shift import LEAST_ITEMS, SIGNALS, Shift, _stretches, shifts
from pipeline.configuration.config import load_config

WINDOW = Window(0, 1000, 100)


@pytest.mark.parametrize(
    ("activity", "stretches"),
    [
        ([100.0, 100.0, 100.0], [(0, 1), (1, 2), (2, 3)]),
        ([60.0, 60.0, 60.0, 60.0], [(0, 2), (2, 4)]),
        ([250.0, 0.0, 0.0, 40.0], [(0, 4)]),  # what is left over would be too few
        ([10.0, 20.0], [(0, 2)]),
        ([0.0, 0.0, 500.0, 0.0, 99.0], [(0, 5)]),
    ],
)
def test_a_stretch_has_enough_items_and_nothing_is_left_out(
    activity: list[float], stretches: list[tuple[int, int]]
) -> None:
    assert LEAST_ITEMS == 100
    assert list(_stretches(np.array(activity))) == stretches


def test_what_is_added_changes_evenly_between_the_middles_of_stretches_and_stays_at_the_ends() -> None:
    shift = Shift(np.array([8.0, 2.0]), np.array([0.0, -0.3]), np.array([0.0, -0.2]), np.array([0.0, -0.1]))
    found = shift.move("point", end=1000.0, block_seconds=100.0, lag=0.0)(WINDOW)
    assert found.tolist() == pytest.approx([0, 0, 0, -0.2 / 6, -0.4 / 6, -0.1, -0.8 / 6, -1 / 6, -0.2, -0.2, -0.2])
    assert shift.move("low", 1000.0, 100.0, 0.0)(WINDOW)[-1] == -0.3


def test_a_value_that_looks_back_is_moved_later() -> None:
    shift = Shift(np.array([8.0, 2.0]), *(np.array([0.0, -0.6]),) * 3)
    now, later = (shift.move("point", 1000.0, 100.0, lag)(WINDOW) for lag in (0.0, 300.0))
    assert later[3:].tolist() == pytest.approx(now[:-3].tolist())


@pytest.fixture(scope="module")
def plan() -> Plan:
    config = load_config(None)
    kinds = ("discussion", "news", "education", "entertainment")
    confidences = {name: point.min_confidence for name, point in config.checkpoints.items()}
    return Plan((0.65, 0.60, 0.60, 0.60), confidences, dict.fromkeys(kinds, "quality_check"))


def test_the_plan_in_force_moves_nothing_and_a_stricter_one_bypasses_more(plan: Plan) -> None:
    seen = evidence(World(), seed=4, items=1500)
    stricter = Plan((0.75, 0.60, 0.60, 0.60), plan.confidences, plan.modes)
    same, moved = shifts(seen, plan, plan), shifts(seen, plan, stricter)
    assert set(same) == set(moved) == set(SIGNALS)
    assert same["bypass_rate"].point == pytest.approx(np.zeros(len(same["bypass_rate"].point)), abs=0.02)
    for name in ("bypass_rate", "quality_score_avg"):
        assert moved[name].point.mean() > 0.01
        assert (moved[name].low <= moved[name].point).all()
        assert (moved[name].point <= moved[name].high).all()
    assert (np.diff(moved["bypass_rate"].middle) < 0).all()
