from __future__ import annotations

import pytest

from pipeline.stages.analyze.claims import LONGEST_CLAIM_CHARS, MOST_CLAIMS, SUREST, claims
from pipeline.stages.analyze.sentences import split


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Turnout in the province was 68.4 per cent on the day.", "number"),
        ("The bridge cost the city \u20ac4.2 million in the end.", "number"),
        ("About seventeen thousand people were moved to schools.", "number"),
        ("Two of the nine reservoirs were closed by the company.", "number"),
        ("The town hall was burned down and rebuilt in 1891.", "date"),
        ("The first trains will run again on 14 March this spring.", "date"),
        ("According to the coastguard, nobody on board was hurt.", "attribution"),
        ("Researchers found that the snails carry iron in their shells.", "attribution"),
        ("The new building has better climate control than the old one.", "comparison"),
        ("Rents in the old town rose sharply from spring to autumn.", "comparison"),
        ("Friction between the plates causes most of the damage.", "statement"),
    ],
)
def test_a_checkable_statement_is_found_by_its_sign(sentence: str, kind: str) -> None:
    (claim,) = claims(split(sentence))
    assert (claim.text, claim.kind) == (sentence, kind)
    assert 0.2 <= claim.confidence <= SUREST


@pytest.mark.parametrize(
    "sentence",
    [
        "Did the bridge really cost 4.2 million euros?",
        "Please bake the bread for twenty-five minutes with the lid on.",
        "If you add two cups of flour, the dough gets firm.",
        "I wish we had three hundred more people here.",
        "What a lovely evening this is for all of us.",
        '"You are late," she said, out of habit and without malice.',
        "In 1891, yes.",
    ],
)
def test_questions_requests_wishes_and_small_talk_are_no_claims(sentence: str) -> None:
    assert claims(split(sentence)) == ()


def test_a_sentence_without_spaces_is_not_taken_for_one_word() -> None:
    (claim,) = claims(split("保险公司估计，直接经济损失大约为 14.5 % 。"))
    assert claim.kind == "number"


def test_a_hedged_statement_is_less_sure() -> None:
    (firm,) = claims(split("The project cost four million euros in all."))
    (hedged,) = claims(split("The project perhaps cost four million euros in all."))
    assert hedged.confidence < firm.confidence


def test_several_signs_are_surer_than_one() -> None:
    (one,) = claims(split("Turnout in the province was 68.4 per cent."))
    (several,) = claims(split("Turnout in the province was 68.4 per cent, the highest turnout since 1991."))
    assert several.confidence > one.confidence


def test_the_surest_come_first_each_only_once_and_no_more_than_allowed() -> None:
    text = " ".join(f"The town spent {number} million euros in 2019." for number in range(30, 60))
    found = claims(split(text + " " + text + " The river causes floods in many towns."))
    assert len({claim.text for claim in found}) == len(found) == MOST_CLAIMS
    assert [claim.confidence for claim in found] == sorted((claim.confidence for claim in found), reverse=True)
    assert found[0].text == "The town spent 30 million euros in 2019."


def test_a_long_claim_is_cut_between_words() -> None:
    (claim,) = claims(split("The town spent 30 million euros on " + "very " * 70 + "fine bridges."))
    assert len(claim.text) <= LONGEST_CLAIM_CHARS
    assert claim.text.endswith("very…")


def test_no_text_no_claims() -> None:
    assert claims([]) == ()
