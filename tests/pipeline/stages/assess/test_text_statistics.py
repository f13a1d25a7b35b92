from __future__ import annotations

from collections.abc import Mapping

import pytest

from pipeline.stages.assess.text_statistics import (
    block_mean,
    concentration,
    head_share,
    lexical_diversity,
    mtld,
    repetition_ratio,
)


def test_mtld_of_one_word_repeated_is_two_words_a_run() -> None:
    assert mtld(["a"] * 100) == pytest.approx(2.0)


def test_mtld_of_words_that_never_repeat_is_their_number() -> None:
    assert mtld([str(number) for number in range(80)]) == pytest.approx(80.0)


def test_mtld_is_the_same_backwards() -> None:
    words = ["the", "cat", "saw", "the", "dog", "and", "the", "dog", "saw", "a", "cat", "and", "a", "bird"]
    assert mtld(words) == pytest.approx(mtld(words[::-1]))


def test_diversity_does_not_fall_with_length(good_texts: Mapping[str, list[str]]) -> None:
    short = good_texts["news"][0].lower().split()
    whole = " ".join(good_texts["news"]).lower().split()
    assert lexical_diversity(whole) == pytest.approx(lexical_diversity(short), abs=0.12)


def test_repetition_is_the_share_of_four_word_sequences_said_before() -> None:
    words = [str(number) for number in range(10)]
    assert repetition_ratio(words) == 0.0
    assert repetition_ratio(words * 2) == pytest.approx(7 / 17)


def test_concentration_is_what_the_five_commonest_take() -> None:
    assert concentration([1, 1, 1, 1, 1, 2, 3, 4, 5, 6]) == pytest.approx(0.9)


def test_head_share_of_ten_words_is_all() -> None:
    assert head_share([str(number) for number in range(10)]) == 1.0


def test_blocks_are_of_about_one_size() -> None:
    assert block_mean(list(range(700)), 300, lambda part: float(len(part))) == 350.0


def test_nothing_has_no_statistics() -> None:
    assert mtld([]) == repetition_ratio([]) == head_share([]) == concentration([]) == 0.0
