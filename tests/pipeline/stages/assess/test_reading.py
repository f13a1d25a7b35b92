from __future__ import annotations

import time

import pytest

from pipeline.stages.assess.reading import read

_TALK = "Host: Why bees?\nAnna: They pay rent.\nHost: In money?\nAnna: In honey."


def test_speaker_labels_are_turns_and_not_words() -> None:
    text = read(_TALK)
    assert text.speakers == ("Host", "Anna", "Host", "Anna")
    assert "host" not in text.words


def test_labels_are_found_when_the_turns_run_on_in_one_line() -> None:
    assert read(_TALK.replace("\n", " ")).speakers == ("Host", "Anna", "Host", "Anna")


@pytest.mark.parametrize("label", ["SPEAKER_00", "Speaker 1", "Dr. Nwosu", "Q", "O'Brien"])
def test_labels_of_many_kinds_are_known(label: str) -> None:
    text = read(f"{label}: One.\nGuest: Two.\n{label}: Three.\nGuest: Four.")
    assert text.speakers.count(label) == 2


def test_a_single_colon_makes_no_speaker() -> None:
    text = read("Conclusion: the bridge stays. Nobody spoke against it.")
    assert text.speakers == ()
    assert text.words[0] == "conclusion"


def test_sentences_end_at_marks_but_not_at_abbreviations_or_decimals() -> None:
    text = read("Dr. Ames paid 4.50 at 7 a.m. today. Nobody knew!")
    assert len(text.sentences) == 2


def test_text_without_punctuation_is_read_in_windows() -> None:
    text = read(" ".join(["word"] * 100))
    assert not text.punctuated
    assert max(map(len, text.sentences)) == 16
    assert text.ended.count(True) == 1


def test_noise_marks_times_and_links_are_not_words() -> None:
    text = read("[00:01] we begin [inaudible] here https://example.org/x <i>now</i>")
    assert text.words == ("we", "begin", "here", "now")
    assert text.noise_marks == 1


def test_a_time_of_day_in_a_sentence_stays() -> None:
    assert "7:40" in read("The ferry left at 7:40 on Tuesday.").words


def test_curly_quotes_are_straightened() -> None:
    assert read("\u201cI don\u2019t know.\u201d").words == ("i", "don't", "know")


def test_every_sign_of_chinese_is_a_word() -> None:
    assert len(read("\u65e9\u4e0a\u6211\u4eec\u53bb\u4e86\u5e02\u573a\u3002").words) == 8


@pytest.mark.parametrize("text", ["", "   \n", "... !!! ???", "\U0001f600 \U0001f601"])
def test_text_without_words_has_none(text: str) -> None:
    assert read(text).words == ()


@pytest.mark.parametrize("unit", ["A ", "A: b. ", "((((", "a.", "[music", "<", "12:34 ", "Aa Bb Cc Dd", "x"])
def test_odd_long_texts_are_read_in_linear_time(unit: str) -> None:
    started = time.process_time()
    read(unit * (200_000 // len(unit)))
    assert time.process_time() - started < 2
