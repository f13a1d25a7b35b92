from __future__ import annotations

import pytest

from pipeline.stages.remember.values import storable


@pytest.mark.parametrize(
    ("text", "kept"),
    [("plain", "plain"), ("Ünï 漢 🐝", "Ünï 漢 🐝"), ("a\ud800b", "a?b"), ("\udcff\udc00", "??"), ("", "")],
)
def test_what_utf8_cannot_hold_becomes_a_question_mark_and_the_rest_stays(text: str, kept: str) -> None:
    assert storable(text) == kept
