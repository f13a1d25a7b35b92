from __future__ import annotations

import pytest

from pipeline.stages.assess.vocabulary import BOUNDARY, Vocabulary, count_phrases, stem


def test_of_overlapping_phrases_the_longest_counts() -> None:
    counts = count_phrases(
        ["in", "the", "description"], {"in": ("a",), "in the description": ("b",), "description": ("c",)}
    )
    assert counts == {"b": 3}


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (["x", "in", "x"], {"a": 1}),
        (["in", "the"], {"a": 1}),  # the phrase is cut off
        (["in", "the", "description", "in", "the", "description"], {"b": 6}),
        ([], {}),
    ],
)
def test_a_phrase_counts_with_all_its_words(words: list[str], counts: dict[str, int]) -> None:
    assert count_phrases(words, {"in": ("a",), "in the description": ("b",)}) == counts


def test_a_phrase_of_two_groups_counts_for_both() -> None:
    assert count_phrases(["so"], {"so": ("filler", "opening")}) == {"filler": 1, "opening": 1}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("42nd", "number"),
        ("wouldn't", "negated"),
        ("zzyzx'll", "subject_aux"),
        ("zzyzx", "other"),
        ("'", "subject_aux"),
    ],
)
def test_a_word_that_is_not_listed_has_the_class_of_its_form(words: Vocabulary, word: str, name: str) -> None:
    assert words.word_class(word) == name
    assert name in words.class_ids


def test_a_listed_word_keeps_its_class_whatever_its_ending(words: Vocabulary) -> None:
    assert words.suffixes
    ending, by_form = words.suffixes[0]
    listed = [word for word, name in words.classes.items() if word.endswith(ending) and name != by_form]
    assert listed
    assert all(words.word_class(word) == words.classes[word] for word in listed)


@pytest.mark.parametrize(
    ("word", "carries"),
    [
        ("harbour", True),
        ("harbour's", True),
        ("the", False),
        ("is", False),
        ("7up", False),
        ("he'll", False),
        ("ox", False),
    ],
)
def test_content_words_carry_meaning_of_their_own(words: Vocabulary, word: str, carries: bool) -> None:
    assert words.is_content(word) is carries


@pytest.mark.parametrize(
    ("forms", "same"),
    [
        (("walk", "walks", "walked", "walking", "walker", "walkers"), True),
        (("city", "cities", "city's"), True),
        (("bus", "bud"), False),
        (("sing", "sting"), False),
    ],
)
def test_forms_of_one_word_have_one_stem(forms: tuple[str, ...], same: bool) -> None:
    assert (len({stem(form) for form in forms}) == 1) is same


def test_every_class_has_a_number_of_its_own(words: Vocabulary) -> None:
    assert sorted(words.class_ids.values()) == list(range(len(words.class_ids)))
    assert {BOUNDARY, "other", "number", "negated", *words.classes.values()} <= words.class_ids.keys()
