from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.analyze import summarize
from pipeline.stages.analyze.sentences import split
from pipeline.stages.analyze.summary import LONGEST_SUMMARY_CHARS, Embed
from tests.pipeline.stages.analyze.conftest import hashed

TEXT = (
    "Good morning and welcome to the show. Beavers build dams, and the dams hold back the water of the river. "
    "My coat is red. The water behind the dams floods the fields of farmers along the river. "
    "Farmers along the river want money for flooded fields. The dams of the beavers hold back the water of the river. "
    "Is it late? A fund now pays farmers for fields that the dams of beavers flood. Thanks for listening."
)


def test_the_sentences_about_the_subject_are_chosen_in_their_order(embed: Embed) -> None:
    chosen = summarize(TEXT, embed)
    sentences = [sentence.text for sentence in split(chosen)]
    assert len(sentences) == 3
    assert [TEXT.index(sentence) for sentence in sentences] == sorted(TEXT.index(sentence) for sentence in sentences)
    assert not {"My coat is red.", "Is it late?", "Thanks for listening."} & set(sentences)


def test_the_same_thing_is_not_said_twice(embed: Embed) -> None:
    chosen = summarize("The dams hold back the river. " * 4 + "A fund pays farmers for flooded fields.", embed)
    assert chosen == "The dams hold back the river. A fund pays farmers for flooded fields."


@pytest.mark.parametrize("count", [1, 2, 5])
def test_as_many_sentences_as_asked_for(embed: Embed, count: int) -> None:
    assert len(split(summarize(TEXT, embed, sentences=count))) == count


def test_a_speaker_is_named_where_the_speaker_changes(embed: Embed) -> None:
    text = "Ann: The dams hold back the river.\nBob: A fund pays the farmers.\nAnn: Fields are flooded.\nBob: Who pays?"
    assert summarize(text, embed) == (
        "Ann: The dams hold back the river. Bob: A fund pays the farmers. Ann: Fields are flooded."
    )


def test_nothing_to_say_is_an_empty_summary(embed: Embed) -> None:
    assert summarize("", embed) == summarize(" \n ", embed) == summarize("... !!", embed) == ""


def test_a_summary_is_short_whatever_the_text(embed: Embed) -> None:
    assert len(summarize("word " * 5000, embed, sentences=30)) <= LONGEST_SUMMARY_CHARS
    assert len(summarize("\u5b57" * 9000, embed, sentences=30)) <= LONGEST_SUMMARY_CHARS


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(summarize(text, hashed), str)
