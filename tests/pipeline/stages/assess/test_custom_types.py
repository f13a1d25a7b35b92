from __future__ import annotations

from collections.abc import Mapping

from pipeline.item import Transcript
from pipeline.stages.assess import Assessor

_EXAMPLES = {
    "cooking": ["bake the bread in the oven", "mix flour, butter and sugar", "simmer the sauce and add the onions"]
}


def test_a_custom_type_takes_the_texts_that_are_about_its_examples(good_texts: Mapping[str, list[str]]) -> None:
    found = Assessor(_EXAMPLES).assess(Transcript(good_texts["education"][1], "text", 1.0))
    assert found.content_type == "cooking"
    assert found.content_type_confidence > 0.5


def test_a_custom_type_does_not_steal_other_texts(good_texts: Mapping[str, list[str]]) -> None:
    assessor = Assessor(_EXAMPLES)
    others = [
        text for kind, part in good_texts.items() for text in part if "sourdough" not in text and "flour" not in text
    ]
    kinds = [assessor.assess(Transcript(text, "text", 1.0)).content_type for text in others]
    assert "cooking" not in kinds


def test_examples_that_fit_everything_steal_nothing(good_texts: Mapping[str, list[str]]) -> None:
    assessor = Assessor({"chatter": ["thank you for watching", "welcome back to the show"]})
    kinds = [
        assessor.assess(Transcript(text, "text", 1.0)).content_type for part in good_texts.values() for text in part
    ]
    assert "chatter" not in kinds


def test_examples_without_a_content_word_are_no_type(article: str) -> None:
    assert (
        Assessor({"nothing": ["and so on", ""], "none": []}).assess(Transcript(article, "text", 1.0)).content_type
        == "news"
    )


def test_a_title_helps_a_custom_type() -> None:
    assessor = Assessor(_EXAMPLES)
    transcript = Transcript("Now we wait for an hour. Then it goes in again, and after that it rests.", "text", 1.0)
    assert assessor.assess(transcript, title="Bake bread with flour, butter and sugar").content_type == "cooking"
    assert assessor.assess(transcript).content_type != "cooking"
