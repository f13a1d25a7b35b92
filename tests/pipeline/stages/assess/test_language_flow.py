from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from bench.quality import damage
from pipeline.stages.assess.language_flow import classes, flow, transition_table
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary
from pipeline.stages.assess.weights import Weights

_SENTENCES = "The old man walked to the harbour and looked at the boats. He had not seen them for many years."


def test_english_flows_and_its_words_shuffled_do_not(words: Vocabulary, fitted: Weights) -> None:
    shuffled = damage.shuffled(_SENTENCES, random.Random(1))
    assert flow(classes(read(_SENTENCES), words), fitted.transitions) > 0.2
    assert flow(classes(read(shuffled), words), fitted.transitions) < 0.0


def test_no_good_text_flows_worse_than_any_shuffled_one(
    good_texts: Mapping[str, list[str]], words: Vocabulary, fitted: Weights
) -> None:
    rng = random.Random(2)
    texts = [version for part in good_texts.values() for text in part for version in (text, damage.bare(text))]
    good = [flow(classes(read(text), words), fitted.transitions) for text in texts]
    bad = [flow(classes(read(damage.shuffled(text, rng)), words), fitted.transitions) for text in texts]
    assert min(good) > max(bad) + 0.2


def test_a_word_alone_has_no_transitions(words: Vocabulary, fitted: Weights) -> None:
    assert flow([3], fitted.transitions) == 0.0


def test_a_closed_sentence_ends_in_a_boundary(words: Vocabulary) -> None:
    assert classes(read("Go home."), words)[-1] == words.class_ids["#"]


def test_transitions_that_come_more_than_by_chance_are_worth_more_than_nothing() -> None:
    table = transition_table([[0, 1] * 50], 3)
    assert table[0, 1] > 0 > table[0, 0]
    assert table[2, 2] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("word", "name"),
    [("the", "article"), ("couldn't", "negated"), ("1,286.40", "number"), ("quickly", "-ly"), ("harbour", "other")],
)
def test_words_have_classes_by_list_or_by_form(word: str, name: str, words: Vocabulary) -> None:
    assert words.word_class(word) == name
