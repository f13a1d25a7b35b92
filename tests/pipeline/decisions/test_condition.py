from __future__ import annotations

import pytest

from pipeline.decisions.condition import Condition
from pipeline.decisions.early_exit import Checkpoint, ExitCondition, evaluate
from pipeline.item import Fact


def _facts(**values: float | int | str | bool) -> dict[str, Fact]:
    return {name: Fact(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("duration_seconds <", "a CEL expression"),
        ("duration_seconds < 60 and has_captions", "&& || !"),
        ("durations < 60", "`duration_seconds`"),
        ("duration_seconds", "true or false"),
        ("1 < 2", "at least one fact"),
        ("language > 3", "can be evaluated"),
        ("duration_seconds > 900.0 && language > 3", "can be evaluated"),
        ("[1, 2].all(x, x < duration_seconds)", "instead of `x`"),
        ("duration_seconds < 1" + " || duration_seconds < 1" * 40, "500 characters"),
    ],
)
def test_a_condition_that_cannot_work_is_refused(source: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Condition(source)


def test_a_condition_over_an_unknown_fact_does_not_hold() -> None:
    condition = Condition("duration_seconds < 60 || has_captions")
    assert not condition.holds(_facts(has_captions=True))
    assert condition.holds(_facts(has_captions=True, duration_seconds=900.0))


def test_whole_numbers_compare_and_add() -> None:
    assert Condition("transcript_words + 1 < 50").holds(_facts(transcript_words=48))
    assert not Condition("transcript_words + 1 < 50").holds(_facts(transcript_words=49))


def test_a_division_by_zero_does_not_hold() -> None:
    condition = Condition("100 / title_words > 3")
    assert not condition.holds(_facts(title_words=0))
    assert condition.holds(_facts(title_words=10))


@pytest.mark.parametrize(
    ("source", "facts", "clarity"),
    [
        ("duration_seconds < 60", {"duration_seconds": 42.0}, 1.0),
        ("duration_seconds < 60", {"duration_seconds": 59.0}, 0.75),
        ("overall_quality < 0.50", {"overall_quality": 0.48}, 0.60),
        ("overall_quality < 0.50 && coherence < 0.50", {"overall_quality": 0.30, "coherence": 0.47}, 0.65),
        ("overall_quality < 0.50 || coherence < 0.50", {"overall_quality": 0.30, "coherence": 0.47}, 1.0),
        ("overall_quality < 0.50 || coherence < 0.50", {"overall_quality": 0.90, "coherence": 0.47}, 0.65),
        ("duration_seconds >= 30.0 && duration_seconds <= 31.0", {"duration_seconds": 30.5}, 0.625),
        ("duration_seconds * 2.0 < 120.0", {"duration_seconds": 59.0}, 0.75),
        ("!(has_captions)", {"has_captions": False}, 1.0),
        ("language == 'de'", {"language": "de"}, 1.0),
        ("transcript_words == 3", {"transcript_words": 3}, 0.525),
    ],
)
def test_clarity_is_the_scaled_distance_to_the_nearest_flip(
    source: str, facts: dict[str, float], clarity: float
) -> None:
    assert Condition(source).clarity(_facts(**facts)) == pytest.approx(clarity, abs=0.002)


def _checkpoint(min_confidence: float, *sources: str) -> Checkpoint:
    return Checkpoint(
        "post_download", min_confidence, tuple(ExitCondition(Condition(s), f"because {s}") for s in sources)
    )


def test_an_exit_needs_confidence_in_the_facts_as_well() -> None:
    checkpoint = _checkpoint(0.80, "duration_seconds < 60")
    sure, unsure = {"duration_seconds": Fact(42.0, 0.85)}, {"duration_seconds": Fact(42.0, 0.75)}
    assert evaluate(checkpoint, sure).exit
    assert not evaluate(checkpoint, unsure).exit
    assert evaluate(checkpoint, unsure).confidence == 0.75  # a candidate all the same


def test_the_most_confident_condition_gives_the_reason() -> None:
    checkpoint = _checkpoint(0.80, "duration_seconds < 60", "size_bytes < 5000")
    verdict = evaluate(checkpoint, {"duration_seconds": Fact(59.5), "size_bytes": Fact(100)})
    assert verdict.reason == "because size_bytes < 5000"
    assert [candidate.reason for candidate in verdict.candidates][1] == "because duration_seconds < 60"


def test_without_a_condition_that_holds_nothing_is_said() -> None:
    verdict = evaluate(_checkpoint(0.0, "duration_seconds < 60"), _facts(duration_seconds=61.0))
    assert (verdict.exit, verdict.reason, verdict.confidence) == (False, None, None)
