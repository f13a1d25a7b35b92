from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.stages.analyze.keywords import MOST_KEYWORDS, keywords

TEXT = (
    "Beaver dams hold back the river. The river floods fields near the beaver dams. Farmers near the river want money. "
    "A compensation fund pays farmers whose fields the beaver dams flood. The compensation fund is new."
)


def test_the_subjects_come_first() -> None:
    found = [keyword.lower() for keyword in keywords(TEXT)]
    assert "beaver dams" in found[:3]
    assert "compensation fund" in found[:5]


def test_no_keyword_repeats_the_words_of_a_better_one() -> None:
    found = [set(keyword.lower().split()) for keyword in keywords(TEXT)]
    assert not any(one <= other for one in found for other in found if one is not other)


def test_names_of_speakers_are_no_keywords() -> None:
    text = "Zebulon: The dams hold the river.\nYolanda: The river floods.\n" * 4
    assert not {"zebulon", "yolanda"} & {keyword.lower() for keyword in keywords(text)}


def test_no_more_than_asked_for() -> None:
    assert len(keywords(TEXT)) <= MOST_KEYWORDS
    assert len(keywords(TEXT, most=3)) == 3


@pytest.mark.parametrize("text", ["", "...", "\x00", "1 2 3", "a b c", "\U0001f600 \U0001f600"])
def test_a_text_without_words_has_none(text: str) -> None:
    assert keywords(text) == ()


@pytest.mark.parametrize("language", ["de", "xx", "../../etc", "", None])
def test_any_language_code_is_taken(language: str | None) -> None:
    assert keywords(TEXT, language)


def test_threads_get_the_same_answer() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(keywords, [TEXT] * 12))) == 1
