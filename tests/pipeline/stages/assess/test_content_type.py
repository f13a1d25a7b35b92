from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from bench.quality import damage
from pipeline.item import Assessment
from pipeline.stages.assess import BUILT_IN_TYPES
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
