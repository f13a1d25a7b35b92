from __future__ import annotations

import re

import pytest

from pipeline.stages.download.captions import Cue, parse_captions
from pipeline.stages.transcribe.cues import is_rolling, merged, running_text
from pipeline.words import CLUSTER, count_words


def cues(*texts: str, seconds: float = 2.0) -> list[Cue]:
    """One cue after another; a slash begins a new line."""
    return [
        Cue(n * seconds, (n + 1) * seconds, tuple((None, line.strip()) for line in text.split("/")))
        for n, text in enumerate(texts)
    ]


def text_of(found: list[Cue]) -> str:
    return running_text(merged(found))


def test_plain_cues_are_joined_with_spaces() -> None:
    assert text_of(cues("Hello there,", "my name is / Anna.")) == "Hello there, my name is Anna."


def test_scrolling_captions_are_said_once() -> None:
    found = cues("a b", "a b / c d", "c d / e f", "e f / g h i")
    assert is_rolling(found)
    assert text_of(found) == "a b c d e f g h i"


def test_automatic_captions_of_a_video_site_are_said_once() -> None:
    vtt = (
        "WEBVTT\nKind: captions\n\n"
        "00:00:00.160 --> 00:00:02.389 align:start position:0%\n \nhello<00:00:00.480><c> everyone</c>\n\n"
        "00:00:02.389 --> 00:00:02.399 align:start position:0%\nhello everyone\n \n\n"
        "00:00:02.399 --> 00:00:05.000 align:start position:0%\nhello everyone\nwelcome<00:00:03.0><c> to the show</c>\n\n"
        "00:00:05.000 --> 00:00:05.010 align:start position:0%\nwelcome to the show\n \n\n"
        "00:00:05.010 --> 00:00:07.000 align:start position:0%\nwelcome to the show\ntoday<00:00:06.0><c> we cook</c>\n"
    )
    assert text_of(parse_captions(vtt)) == "hello everyone welcome to the show today we cook"


def test_captions_that_grow_word_by_word_are_said_once() -> None:
    assert text_of(cues("good", "good morning", "good morning everybody", "how", "how are you")) == (
        "good morning everybody how are you"
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [("今天天气非常好我们一起去公园散步然后在湖边吃午饭再回家", 18), ("きょうはとてもいいてんきなのでみんなでこうえんにいきます", 7), ("วันนี้อากาศดีมากเราไปเดินเล่นในสวนสาธารณะ", 10)],
)  # fmt: skip
def test_captions_that_grow_in_a_script_without_spaces_are_said_once(text: str, count: int) -> None:
    assert count_words(text) == count
    letters = re.findall(CLUSTER, text)
    found = cues(*("".join(letters[:end]) for end in range(3, len(letters) + 1, 3)), text)
    assert is_rolling(found)
    assert text_of(found).replace(" ", "") == text
    assert count_words(text_of(found)) == count


def test_captions_that_grow_between_two_scripts_keep_their_spaces() -> None:
    found = cues("我用", "我用Python 3", "我用Python 3写，", "我用Python 3写，and it runs", "完")
    assert [segment.text for segment in merged(found)] == ["我用", "Python 3", "写，", "and it runs", "完"]


def test_people_who_repeat_themselves_are_left_to_do_so() -> None:
    found = cues("Buy it now.", "Buy it now.", "Buy it now.", "It is good.", "It is good.")
    assert not is_rolling(found)
    assert text_of(found) == "Buy it now. Buy it now. Buy it now. It is good. It is good."


def test_a_single_chance_overlap_is_no_sign_of_rolling() -> None:
    found = cues("I said no", "I said no / and then yes", "one", "two", "three")
    assert not is_rolling(found)


def test_the_name_of_a_speaker_stands_where_the_speaker_begins() -> None:
    vtt = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello Bob.\n\n00:02.000 --> 00:03.000\n<v Ann>How are you?\n\n"
        "00:03.000 --> 00:04.000\n<v Bob>Fine. <v Ann>Good.\n"
    )
    segments = merged(parse_captions(vtt))
    assert running_text(segments) == "Ann: Hello Bob. How are you?\nBob: Fine.\nAnn: Good."
    assert [(segment.start, segment.text) for segment in segments][2:] == [(3.0, "Bob: Fine."), (3.0, "Ann: Good.")]


def test_turns_that_are_marked_in_the_words_begin_a_line() -> None:
    assert text_of(cues("INES: Hello.", "It is late.", "RAJ K: Yes.", ">> What now?", "- Nothing.")) == (
        "INES: Hello. It is late.\nRAJ K: Yes.\n>> What now?\n- Nothing."
    )


def test_a_sentence_with_a_colon_is_no_turn() -> None:
    assert text_of(cues("There is", "the following that we need to know: water.")) == (
        "There is the following that we need to know: water."
    )


def test_no_cues_are_no_text() -> None:
    assert text_of([]) == ""
