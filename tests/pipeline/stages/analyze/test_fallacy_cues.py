from __future__ import annotations

import pytest

from pipeline.stages.analyze.fallacy_cues import FALLACY_NAMES, TERMS, cues


def test_cues_are_compiled_once_in_the_order_of_the_names_and_each_has_one() -> None:
    assert cues() is cues()
    names = [name for name, _, _ in cues()]
    assert list(dict.fromkeys(names)) == list(FALLACY_NAMES)


def test_every_placeholder_is_filled_and_no_cue_fits_nothing() -> None:
    for name, _, pattern in cues():
        assert not pattern.search(""), name
        assert "<" not in pattern.pattern.replace("(?<", ""), name


def test_cues_are_words_whatever_their_case() -> None:
    assert any(pattern.search("EVERYONE IS SWITCHING TO IT, SO IT MUST BE THE BEST") for _, _, pattern in cues())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("this is a straw man", True), ("Strawman!", True), ("circular reasoning", True), ("a false dichotomy", True),
        ("hasty generalisations", True), ("the man of straw", False), ("she reasons well", False),
        ("unfallacious", False),
    ],
)  # fmt: skip
def test_a_text_that_names_fallacies_is_known(text: str, named: bool) -> None:
    assert bool(TERMS.search(text)) is named
