from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions.quality import QualityThresholds
from pipeline.decisions.shadow import FullResult, Skip, chosen, judge_skip
from pipeline.events import SkipDecision
from pipeline.item import Scores

GOOD, POOR = Scores(0.65, 0.60, 0.60, 0.60), Scores(0.90, 0.90, 0.59, 0.90)  # at every threshold; one dimension below
RATE = st.floats(0, 1)


def test_the_share_chosen_is_the_rate() -> None:
    ids = [f"item-{number}" for number in range(20_000)]
    for rate in (0.0, 0.02, 0.3, 1.0):
        share = sum(chosen(item_id, rate, 0) for item_id in ids) / len(ids)
        assert share == pytest.approx(rate, abs=4 * (rate * (1 - rate) / len(ids)) ** 0.5)


def test_the_choice_is_the_same_in_every_process_and_release() -> None:
    assert [number for number in range(200) if chosen(f"item-{number}", 0.05, 7)] == [29, 30, 52, 61, 80, 119]


def test_another_seed_is_another_sample() -> None:
    samples = [{n for n in range(2000) if chosen(str(n), 0.5, seed)} for seed in (1, 2)]
    assert 400 < len(samples[0] & samples[1]) < 600  # as many as chance has it


@given(st.text(st.characters()), RATE, RATE, st.integers(0, 2**63 - 1))
def test_a_higher_rate_keeps_what_a_lower_one_chose(item_id: str, one: float, other: float, seed: int) -> None:
    low, high = sorted((one, other))
    assert chosen(item_id, high, seed) or not chosen(item_id, low, seed)


@pytest.mark.parametrize(
    ("decision", "known", "scores", "found", "verdict"),
    [
        # usual yield 9: 4.5 is half
        ("quality_filter", POOR, POOR, 5, "wrong"),
        ("quality_filter", POOR, POOR, 4, "right"),
        ("content_type", GOOD, GOOD, 5, "wrong"),
        ("content_type", GOOD, GOOD, 4, "right"),
        ("content_type", POOR, POOR, 5, "right"),
        ("early_exit", None, GOOD, 5, "wrong"),
        ("early_exit", None, GOOD, 4, "right"),
        ("early_exit", None, POOR, 5, "right"),
        ("early_exit", POOR, POOR, 5, "wrong"),  # left after the assessment: the yield alone decides
        ("early_exit", GOOD, GOOD, 4, "right"),
        ("early_exit", None, None, 5, "wrong"),  # somebody's pipeline without scores
        ("early_exit", None, POOR, None, "right"),  # the scores alone suffice
        ("early_exit", None, GOOD, None, None),
        ("quality_filter", POOR, POOR, None, None),
    ],
)
def test_a_skip_is_judged_by_the_rule_of_its_decision(
    decision: SkipDecision, known: Scores | None, scores: Scores | None, found: float | None, verdict: str | None
) -> None:
    skip, result = Skip(decision, "x", scores=known), FullResult(scores, found, 9.0)
    assert judge_skip(skip, result, QualityThresholds()) == verdict


def test_exactly_half_of_the_usual_yield_suffices_and_nothing_never_does() -> None:
    skip, limits = Skip("quality_filter", "x", scores=POOR), QualityThresholds()
    assert judge_skip(skip, FullResult(POOR, 3, 6.0), limits) == "wrong"
    assert judge_skip(skip, FullResult(POOR, 0, 0.0), limits) == "right"


def test_without_a_usual_yield_there_is_no_verdict() -> None:
    assert judge_skip(Skip("quality_filter", "x"), FullResult(POOR, 3, None), QualityThresholds()) is None
