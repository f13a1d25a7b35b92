from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from bench.quality import damage
from pipeline.item import Assessment, Transcript
from pipeline.stages.assess import BUILT_IN_TYPES, Assessor
from pipeline.stages.assess.content_type import cue_names, cues, softmax
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary

Judge = Callable[[str], Assessment]

_NEW_TEXTS = {  # of no corpus
    "discussion": """Host: Welcome back. With me today is Clara Reyes, who designs playgrounds. Clara, is a safe
        playground a boring one? Clara: I think it often is, yes. Children need something to be afraid of. Host: But
        wouldn't you agree that parents see that differently? Clara: They do, and I understand them. Host: So what do
        you say to them? Clara: I ask what they climbed when they were seven. Host: Fair enough. And what was it?""",
    "news": """Two people were injured on Monday when a crane collapsed at a building site in Harlow, police said. The
        operator was taken to hospital with minor injuries, according to a spokeswoman for the fire service. The company
        said in a statement that it was working with investigators. The road is expected to reopen on Wednesday.""",
    "education": """In this lesson you will learn how a lever works. Take a ruler and a pencil. Put the pencil under the
        ruler, and press on one end. Notice that the other end rises. The pencil is called the fulcrum. If you move it
        closer to the load, you need less force, because the distance is longer. For example, try it with two coins.""",
    "entertainment": """So I walk into the kitchen, and my uncle is standing on the table with a saucepan on his head, and he
        goes, don't move! And I'm like, what? And he goes, there's a mouse! And my aunt, I swear, she just looked at him
        and said, Harold, that is my slipper. We laughed so much! He kept the saucepan on all night, ladies and gentlemen!""",
}


@pytest.mark.parametrize("kind", BUILT_IN_TYPES)
def test_a_new_short_text_gets_its_type(kind: str, judge: Judge) -> None:
    assert judge(_NEW_TEXTS[kind]).content_type == kind


@pytest.mark.parametrize("version", [damage.one_line, damage.without_labels, damage.bare])
def test_types_survive_the_loss_of_form(
    version: Callable[[str], str], good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    right = [judge(version(text)).content_type == kind for kind, part in good_texts.items() for text in part]
    assert sum(right) / len(right) >= 0.9


def test_a_clear_text_is_more_confident_than_a_few_words(article: str, judge: Judge) -> None:
    assert judge(article).content_type_confidence > 0.8
    assert judge("a few words").content_type_confidence < 0.3


def test_what_bare_text_cannot_tell_is_unknown(article: str, words: Vocabulary) -> None:
    by_name = dict(zip(cue_names(words), cues(read(damage.bare(article)), words), strict=True))
    assert np.isnan(by_name["sentence length"])
    assert not np.isnan(by_name["attribution"])


def test_softmax_sums_to_one_whatever_the_size() -> None:
    assert softmax(np.array([1000.0, 0.0, -1000.0])).tolist() == [1.0, 0.0, 0.0]


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
