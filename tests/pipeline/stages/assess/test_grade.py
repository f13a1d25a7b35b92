from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.stages.assess.assess import overall
from pipeline.stages.assess.grade import Grade, Sign
from pipeline.stages.assess.weights import Weights

_GRADE = Grade(0.0, {"length": Sign(1, 10.0, 2.0, 0.5), "noise": Sign(-1, 0.0, 0.1, 1.0)})


def test_an_ordinary_text_gets_what_the_bias_says() -> None:
    assert _GRADE.score({"length": 10.0, "noise": 0.0}) == pytest.approx(0.5)


def test_a_good_sign_adds_at_most_one_weight_and_a_bad_one_takes_at_most_four() -> None:
    assert _GRADE.score({"length": 1e9, "noise": 0.0}) == pytest.approx(1 / (1 + 2.718281828**-0.5))
    assert _GRADE.score({"length": 10.0, "noise": 1e9}) == pytest.approx(1 / (1 + 2.718281828**4))


def test_a_sign_that_is_not_known_adds_nothing() -> None:
    assert _GRADE.score({}) == pytest.approx(0.5)


def test_overall_lies_between_the_worst_dimension_and_the_mean() -> None:
    assert overall(0.8, 0.8, 0.8) == pytest.approx(0.8)
    assert overall(0.9, 0.9, 0.1) == pytest.approx(0.6 * (0.35 * 0.9 + 0.25 * 0.9 + 0.4 * 0.1) + 0.4 * 0.1)


def test_no_committed_weight_contradicts_its_sign(fitted: Weights) -> None:
    for grade in (fitted.coherence, fitted.completeness, fitted.informativeness, fitted.foreign_coherence):
        assert all(sign.weight >= 0 and sign.spread > 0 and sign.direction in (1, -1) for sign in grade.signs.values())


def test_the_docs_name_every_sign_and_no_other(fitted: Weights) -> None:
    pages = Path(__file__).parents[4] / "docs" / "quality.md"
    section = pages.read_text().partition("### coherence")[2].partition("### overall")[0]
    named = set(re.findall(r"^\| `([a-z ]+)` \| (?:more|less) \|", section, re.MULTILINE))
    assert named == {*fitted.coherence.signs, *fitted.completeness.signs, *fitted.informativeness.signs}
