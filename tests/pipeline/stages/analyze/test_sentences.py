from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.analyze.sentences import LONGEST_CHARS, LONGEST_WORDS, split, turns, unlabelled, words


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split(text)]


def test_prose_is_split_at_the_end_of_sentences() -> None:
    assert texts("One is here. Is two? Yes!\n\nA new paragraph") == [
        "One is here.",
        "Is two?",
        "Yes!",
        "A new paragraph",
    ]


def test_abbreviations_initials_and_decimals_do_not_end_a_sentence() -> None:
    text = "Dr. Nwosu met J. K. Olsen of Acme Inc. Monday at 3.5 km from St. Mary. They left."
    assert texts(text) == ["Dr. Nwosu met J. K. Olsen of Acme Inc. Monday at 3.5 km from St. Mary.", "They left."]


def test_a_quotation_keeps_its_closing_mark() -> None:
    assert texts("\u201cIt works.\u201d She left.") == ['"It works."', "She left."]


def test_typographic_quotes_become_straight() -> None:
    assert texts("It\u2019s \u201cfine\u201d.") == ['It\'s "fine".']


def test_a_transcript_in_lower_case_is_split_too() -> None:
    assert texts("so this is one. and this is two. and three") == ["so this is one.", "and this is two.", "and three"]


def test_speech_without_punctuation_is_cut_into_stretches() -> None:
    stretches = texts("word " * 500)
    assert all(len(stretch.split()) <= LONGEST_WORDS for stretch in stretches)
    assert sum(len(stretch.split()) for stretch in stretches) == 500


def test_a_script_without_spaces_is_cut_too() -> None:
    assert texts("\u4f60\u597d\u3002\u518d\u89c1\u3002") == ["\u4f60\u597d\u3002", "\u518d\u89c1\u3002"]
    assert all(len(stretch) <= LONGEST_CHARS for stretch in texts("\u5b57" * 5000))


def test_labels_become_speakers() -> None:
    text = "HOST: Welcome. Ready?\nDr. Ansah: Yes.\nHOST: Good.\nDr. Ansah: Thanks."
    assert [(sentence.speaker, sentence.text) for sentence in split(text)] == [
        ("HOST", "Welcome."), ("HOST", "Ready?"), ("Dr. Ansah", "Yes."), ("HOST", "Good."), ("Dr. Ansah", "Thanks."),
    ]  # fmt: skip


def test_labels_within_a_line_are_found_when_captions_were_joined() -> None:
    assert turns("Ann: Hello. Bob: Hi. Ann: Bye.") == [("Ann", "Hello."), ("Bob", "Hi."), ("Ann", "Bye.")]


def test_a_colon_alone_makes_no_speaker() -> None:
    text = "Note: dry it. Note: keep it dry. There are two: Rome and Oslo."
    assert {sentence.speaker for sentence in split(text)} == {None}
    assert unlabelled(text) == text


def test_positions_run_from_0_to_1() -> None:
    assert [sentence.position for sentence in split("One is here. Two is here. Three is here.")] == [0.0, 0.5, 1.0]


def test_an_empty_text_has_no_sentences() -> None:
    assert split("") == split(" \n\t ") == []


def test_words_keep_apostrophes_and_hyphens() -> None:
    assert words("It's a well-kept secret: 42!") == ["it's", "a", "well-kept", "secret", "42"]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=400))
def test_no_text_breaks_it_and_no_sentence_is_empty(text: str) -> None:
    assert all(sentence.text.strip() and 0 <= sentence.position <= 1 for sentence in split(text))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["apple", "Bell.", "is", "12", "what?", "\n\n", "Ann:", "-"]), max_size=80))
def test_no_word_is_lost(tokens: list[str]) -> None:
    text = " ".join(tokens)
    kept = " ".join(f"{sentence.speaker or ''} {sentence.text}" for sentence in split(text))
    assert set(words(text)) <= set(words(kept)) | {"ann"}
