"""What the counts of the heuristics are worth."""

from __future__ import annotations

import pytest

from bench.counts.run import figures, judged
from pipeline.decisions.facts import FACTS
from pipeline.stages.analyze import worth
from pipeline.stages.analyze.sentences import split

CHAT = "I miss the porch. Do you? You never say so! We used to sit there, you and I. Let us go back."
REPORT = "Mosses have no roots. They cling to the stone with fine threads. The moss spreads by spores and needs water."


def test_the_stated_figures_are_the_measured_ones() -> None:
    found = {name: value for name, (value, _) in figures(judged()).items()}
    assert found == {
        "no claims, mostly personal text": pytest.approx(worth.NO_CLAIMS, abs=0.01),
        "no claims, any other text": pytest.approx(worth.NO_CLAIMS_IMPERSONAL, abs=0.01),
        "some claims": pytest.approx(worth.SOME_CLAIMS, abs=0.01),
        "no perspectives": pytest.approx(worth.NO_PERSPECTIVES, abs=0.01),
        "some perspectives": pytest.approx(worth.SOME_PERSPECTIVES, abs=0.01),
    }


def test_nothing_found_is_believed_in_chat_and_doubted_in_a_report() -> None:
    assert worth.worth_of_claims(0, split(CHAT)) == worth.NO_CLAIMS
    assert worth.worth_of_claims(0, split(REPORT)) == worth.NO_CLAIMS_IMPERSONAL
    assert worth.worth_of_claims(3, split(CHAT)) == worth.worth_of_claims(1, split(REPORT)) == worth.SOME_CLAIMS
    assert worth.worth_of_claims(0, []) == worth.NO_CLAIMS_IMPERSONAL


def test_questions_outcries_and_short_replies_are_no_statements() -> None:
    assert worth.impersonal_share(split(CHAT)) == 0
    assert worth.impersonal_share(split("Is the moss green in winter? The moss is so green now! Green.")) == 0
    assert 0.75 < worth.impersonal_share(split(REPORT)) < 1  # the first sentence has four words


def test_how_sure_a_fact_can_be_is_what_the_stage_says_at_best() -> None:
    assert FACTS["claims"].surest == max(worth.NO_CLAIMS, worth.NO_CLAIMS_IMPERSONAL, worth.SOME_CLAIMS)
    assert FACTS["perspectives"].surest == max(worth.NO_PERSPECTIVES, worth.SOME_PERSPECTIVES)
    assert FACTS["fallacies"].surest == max(worth.NO_FALLACIES, worth.SOME_FALLACIES)
