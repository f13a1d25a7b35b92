from __future__ import annotations

from pipeline.decisions.facts import FACTS
from pipeline.domains.content.labels import CHECKPOINTS, DIMENSIONS


def test_every_fact_is_known_from_a_checkpoint_that_exists_and_stands_in_their_order() -> None:
    known = [fact.known_from for fact in FACTS.values()]
    assert set(known) == set(CHECKPOINTS)
    assert known == sorted(known, key=CHECKPOINTS.index)


def test_numbers_have_a_scale_on_which_a_comparison_is_clear_and_others_have_none() -> None:
    for fact in FACTS.values():
        assert (fact.scale is not None and fact.scale > 0) == (fact.type in ("int", "double")), fact.name


def test_a_fact_goes_by_its_own_name_and_says_what_it_is() -> None:
    assert all(name == fact.name and fact.help for name, fact in FACTS.items())


def test_every_score_of_the_assessment_is_a_fact() -> None:
    assert {"overall_quality", *DIMENSIONS[1:]} <= FACTS.keys()
