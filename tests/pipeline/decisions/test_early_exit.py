from __future__ import annotations

import pytest

from pipeline.decisions.condition import Condition
from pipeline.decisions.early_exit import Checkpoint, CheckpointVerdict, ExitCondition, evaluate, greatest_confidence
from pipeline.item import Fact

SHORT, QUIET = (
    ExitCondition(Condition("duration_seconds < 60"), "short"),
    ExitCondition(Condition("silence_ratio > 0.9"), "quiet"),
)


def point(min_confidence: float, *conditions: ExitCondition) -> Checkpoint:
    return Checkpoint("post_download", min_confidence, conditions)


def test_a_condition_that_holds_with_just_the_confidence_needed_lets_the_item_leave() -> None:
    facts = {"duration_seconds": Fact(10.0, 0.85)}  # far from 60: perfectly clear
    found = evaluate(point(0.85, SHORT), facts)
    assert (found.exit, found.reason, found.confidence) == (True, "short", 0.85)
    assert not evaluate(point(0.86, SHORT), facts).exit


def test_a_condition_that_holds_too_unclearly_is_reported_and_the_item_stays() -> None:
    found = evaluate(point(0.9, SHORT), {"duration_seconds": Fact(59.5)})
    assert (found.exit, found.reason) == (False, "short")
    assert found.confidence == pytest.approx(0.5 + 0.5 * 0.25, abs=0.001)  # a quarter of the scale of 2 s


def test_without_a_condition_that_holds_there_is_neither_reason_nor_confidence() -> None:
    nothing = CheckpointVerdict("post_download", exit=False)
    assert evaluate(point(0.0, SHORT), {"duration_seconds": Fact(61.0)}) == nothing
    assert evaluate(point(0.0, SHORT), {}) == nothing  # a text has no duration
    assert evaluate(point(0.0), {"duration_seconds": Fact(1.0)}) == nothing


def test_of_several_conditions_the_most_confident_gives_the_reason_and_all_are_told() -> None:
    facts = {"duration_seconds": Fact(10.0, 0.6), "silence_ratio": Fact(0.99, 0.98)}
    found = evaluate(point(0.7, SHORT, QUIET), facts)
    assert (found.exit, found.reason) == (True, "quiet")
    assert [candidate.reason for candidate in found.candidates] == ["quiet", "short"]
    assert [candidate.condition for candidate in found.candidates] == ["silence_ratio > 0.9", "duration_seconds < 60"]


def test_of_equally_confident_conditions_the_one_that_stands_first_gives_the_reason() -> None:
    facts = {"duration_seconds": Fact(10.0, 0.8), "silence_ratio": Fact(1.0, 0.8)}
    assert evaluate(point(0.5, QUIET, SHORT), facts).reason == "quiet"
    assert evaluate(point(0.5, SHORT, QUIET), facts).reason == "short"


def test_confidence_is_the_least_reliability_times_clarity() -> None:
    both = ExitCondition(Condition("duration_seconds < 60 && silence_ratio > 0.9"), "both")
    facts = {"duration_seconds": Fact(59.0, 0.9), "silence_ratio": Fact(1.0, 0.7)}
    (found,) = evaluate(point(0.0, both), facts).candidates
    assert found.reliability == 0.7
    assert found.clarity == pytest.approx(0.75, abs=0.001)  # half of the scale of 2 s
    assert found.confidence == found.reliability * found.clarity


@pytest.mark.parametrize(
    ("source", "most"),
    [
        ("duration_seconds < 60", 1.0),
        ("claims == 0", 0.92),
        ("claims < 3", 0.92),
        ("claims == 0 && fallacies > 0", 0.92),
        ("silence_ratio > 0.95", 0.98),
        ("silence_ratio > 0.98", 0.98 * 0.7),  # silence ends at 1, which is 0.4 of a scale away
        ("transcript_confidence < 0.05", 0.625),
        ("coherence == 0.5", 0.5),
        ("overall_quality < 0.5 && content_type == 'news'", 1.0),
        ("language != 'en' && has_captions", 1.0),
        ("duration_seconds < 0", 0.0),
        ("silence_ratio > 1.0", 0.0),
    ],
)
def test_the_greatest_confidence_that_a_condition_can_have_is_known_beforehand(source: str, most: float) -> None:
    assert greatest_confidence(ExitCondition(Condition(source), "x")) == pytest.approx(most, abs=0.002)


def test_a_language_model_may_count_more_surely() -> None:
    assert greatest_confidence(ExitCondition(Condition("claims == 0"), "x"), counted=1.0) == 1.0
