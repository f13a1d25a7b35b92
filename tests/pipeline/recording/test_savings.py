from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.recording.savings import CostModel, Prior


def _taught(costs: CostModel, content_type: str | None, per_second: float, fixed: float = 1.0, times: int = 12) -> None:
    for i in range(times):
        length = 20.0 + 30 * i
        costs.learn({"analyze": fixed + per_second * length}, content_type, length, full=True)


def test_nothing_is_claimed_about_a_step_never_seen() -> None:
    assert CostModel().estimate(["analyze"], "news", 60.0) is None


def test_before_anything_is_learned_the_prior_speaks_and_says_so() -> None:
    costs = CostModel(priors={"analyze": Prior(2.0, 0.1)})
    found = costs.estimate(["analyze"], "news", 100.0)
    assert found is not None
    assert found.basis == "prior"
    assert found.seconds == pytest.approx(12.0)


def test_the_cost_follows_the_length() -> None:
    costs = CostModel()
    _taught(costs, "news", 0.5)
    found = costs.estimate(["analyze"], "news", 1000.0)
    assert found is not None
    assert (found.basis, round(found.seconds)) == ("learned", 501)


def test_types_differ_and_an_unknown_type_gets_the_common_cost() -> None:
    costs = CostModel()
    _taught(costs, "news", 0.5)
    _taught(costs, "education", 1.5)
    seconds = {t: e.seconds for t in ("news", "education", None) if (e := costs.estimate(["analyze"], t, 100.0))}
    assert seconds["news"] == pytest.approx(51, rel=0.25)
    assert seconds["education"] == pytest.approx(151, rel=0.15)
    assert seconds["news"] < seconds[None] < seconds["education"]


def test_a_prior_that_is_far_off_is_soon_outweighed() -> None:
    costs = CostModel(priors={"analyze": Prior(0.0, 50.0)})
    _taught(costs, "news", 0.5, times=40)
    found = costs.estimate(["analyze"], "news", 100.0)
    assert found is not None
    assert found.seconds == pytest.approx(51, rel=0.35)


def test_costs_never_fall_below_zero_nor_with_length() -> None:
    costs = CostModel()
    for length, seconds in ((10.0, 9.0), (20.0, 5.0), (30.0, 1.0)):
        costs.learn({"analyze": seconds}, None, length, full=True)
    found = costs.estimate(["analyze"], None, 1000.0)
    assert found is not None
    assert 4.5 < found.seconds <= 5.0  # their mean, whatever the length


def test_full_processing_is_what_most_full_items_went_through() -> None:
    costs = CostModel()
    for i in range(10):
        costs.learn({"download": 1.0, "analyze": 2.0} | ({"retry": 1.0} if i == 0 else {}), "news", 10.0, full=True)
        costs.learn({"download": 1.0, "summary": 2.0}, "news", 10.0, full=False)
    assert costs.full_steps() == {"download", "analyze"}


def _divided(costs: CostModel, step: str, length: float = 100.0) -> dict[str, float]:
    found = costs.estimate([step], "news", length)
    assert found is not None
    stages = costs.by_stage(found)
    assert sum(stages.values()) == pytest.approx(found.seconds)
    return stages


def test_a_step_is_divided_among_its_stages_as_the_prior_says_until_they_were_seen() -> None:
    costs = CostModel(
        priors={"analyze": Prior(3.0, 0.06, ("analysis", "fallacy", "perspective")), "other": Prior(5, 0)}
    )
    assert _divided(costs, "analyze") == pytest.approx({"analysis": 3.0, "fallacy": 3.0, "perspective": 3.0})
    assert _divided(costs, "other") == {"other": 5.0}
    costs.learn_stages([("analyze", "analysis", 6.0), ("analyze", "fallacy", 1.0), ("analyze", "analysis", 3.0)])
    assert _divided(costs, "analyze") == pytest.approx({"analysis": 8.1, "fallacy": 0.9})


def test_stages_share_their_step_by_the_time_they_usually_take(tmp_path: Path) -> None:
    costs = CostModel(tmp_path / "costs.sqlite")
    _taught(costs, "news", 0.5, times=5)
    for number in range(5):
        costs.learn_stages([("analyze", "analysis", 4.0 + number), ("analyze", "fallacy", 2.0)])
    costs.learn_stages([("analyze", "retry", 1000.0)])  # seen once in six times: nothing usual
    costs.learn_stages([("instant", "first", 0.0), ("instant", "second", 0.0)])
    costs.learn({"instant": 1.0}, "news", 100.0, full=False)
    costs.save()
    for model in (costs, CostModel(tmp_path / "costs.sqlite")):
        stages = _divided(model, "analyze")
        assert set(stages) == {"analysis", "fallacy"}
        assert stages["analysis"] / stages["fallacy"] == pytest.approx(6.0 / 2.0)
        assert _divided(model, "instant")["first"] == _divided(model, "instant")["second"] > 0


def test_what_was_learned_persists_and_two_processes_add_up(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "costs.sqlite"
    first, second = CostModel(path), CostModel(path)
    _taught(first, "news", 0.5)
    _taught(second, "news", 0.5)
    first.save()
    second.save()
    second.save()  # nothing new: nothing is added twice
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT n FROM costs WHERE step = 'analyze' AND content_type = ''").fetchone() == (
            24,
        )
    reopened = CostModel(path).estimate(["analyze"], "news", 1000.0)
    assert reopened is not None
    assert (reopened.basis, round(reopened.seconds)) == ("learned", 501)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "costs.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StageError, match=r"costs\.sqlite"):
        CostModel(path)
