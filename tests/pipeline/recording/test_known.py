from __future__ import annotations

import pytest

from pipeline.decisions.early_exit import CheckpointVerdict
from pipeline.item import Fact
from pipeline.recording.known import Known


@pytest.fixture
def known() -> Known:
    return Known("news", "id", None)


def test_the_way_follows_from_what_was_decided_and_the_owner_has_the_last_word(known: Known) -> None:
    ways = [known.way]
    known.bypass = "low_quality"
    ways.append(known.way)
    known.left = CheckpointVerdict("post_analysis", exit=True)
    ways.append(known.way)
    known.said = "full"
    assert [*ways, known.way] == ["full", "lightweight", "early_exit", "full"]


def test_the_length_of_media_is_what_is_not_silent(known: Known) -> None:
    known.facts = {"duration_seconds": Fact(100.0), "transcript_words": Fact(30)}
    assert known.length == 100.0
    known.facts["silence_ratio"] = Fact(0.75)
    assert known.length == 25.0


def test_the_length_of_a_text_is_what_saying_it_takes(known: Known) -> None:
    assert known.length is None
    known.facts = {"transcript_words": Fact(30)}
    assert known.length == 12.0


def test_a_length_that_was_given_is_taken(known: Known) -> None:
    known.facts = {"duration_seconds": Fact(100.0)}
    known.length_seconds = 80.0
    assert known.length == 80.0
