"""`compare` as a user has it, over simulated weeks in a real Prometheus."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench.backfill import MISSING, running_victoria
from tests.pipemeter.conftest import Pipemeter
from tests.pipemeter.verbs.conftest import NEEDED, answer, week


@NEEDED
def test_compare_finds_what_differs_and_says_which_to_take(pipemeter: Pipemeter, prometheus: str) -> None:
    found = answer(pipemeter, "compare", "strict", "saver", "--prometheus", prometheus)
    assert found["decision"] == "aggressive"
    assert abs(sum(found["items"].values()) - 8900) < 150  # 9000 less those that failed, less what restarts lost
    assert abs(found["quality_diff"]) < 0.012
    assert found["time_savings_diff"] == pytest.approx(0.132, abs=0.03)  # 0.1325 in 400,000 items
    assert found["time_savings_diff_ci"][0] < 0.1325 < found["time_savings_diff_ci"][1]
    assert set(found["by_content_type"]) == {"discussion", "news", "education", "entertainment"}
    turned = answer(pipemeter, "compare", "saver", "strict", "--prometheus", prometheus)
    assert turned["decision"] == "balanced"
    assert turned["time_savings_diff"] == pytest.approx(-found["time_savings_diff"], rel=0.01)


@NEEDED
def test_the_document_has_the_fields_that_scripts_rely_on(pipemeter: Pipemeter, prometheus: str) -> None:
    compared = answer(pipemeter, "compare", "strict", "saver", "--prometheus", prometheus)
    for name in ("quality_diff", "time_savings_diff"):
        low, high = compared[f"{name}_ci"]
        assert low < compared[name] < high
    assert set(compared["items"]) == {"A", "B"}
    assert compared["window"]["end"] - compared["window"]["start"] == 604_800


@NEEDED
def test_too_few_items_are_told_with_their_number(pipemeter: Pipemeter, prometheus: str) -> None:
    compared = answer(pipemeter, "compare", "strict", "few", "--prometheus", prometheus)
    assert compared["decision"] == "insufficient_data"
    assert 20 < compared["items"]["B"] < 55
    assert all(f"{items} " in compared["reason"] for items in compared["items"].values())
    assert "100 in each are needed" in compared["reason"]


@NEEDED
def test_people_get_tables(pipemeter: Pipemeter, prometheus: str) -> None:
    compared = pipemeter("compare", "strict", "saver", PROMETHEUS_URL=prometheus)
    assert compared.out.startswith("aggressive: take saver")
    assert "Least true difference" in compared.out


@NEEDED
def test_where_nothing_was_seen_that_is_said(pipemeter: Pipemeter, prometheus: str) -> None:
    found = answer(pipemeter, "compare", "strict", "nobody", "--prometheus", prometheus)
    assert found["decision"] == "insufficient_data"
    assert found["items"]["B"] == 0


@pytest.mark.skipif(MISSING["victoria-metrics"], reason="victoria-metrics is not installed (nor is it in CI)")
def test_victoria_metrics_gives_the_same_answers(pipemeter: Pipemeter, tmp_path: Path) -> None:
    end = time.time() - 5
    with running_victoria(tmp_path, week(end)) as url:
        found = answer(pipemeter, "compare", "strict", "saver", "--prometheus", url)
        assert found["decision"] == "aggressive"
        assert abs(sum(found["items"].values()) - 8900) < 150
        assert found["time_savings_diff"] == pytest.approx(0.132, abs=0.03)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("compare", "a", "a"), 2, "expected two configurations"),
        (("compare", "a"), 2, "Missing argument"),
        (("compare", "a", "b", "--prometheus", "http://127.0.0.1:9"), 1, "Prometheus did not answer"),
    ],
)
def test_what_a_user_gets_wrong_is_one_sentence(
    pipemeter: Pipemeter, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = pipemeter(*arguments)
    assert done.code == code
    assert told in done.err
    assert "secret" not in done.err
