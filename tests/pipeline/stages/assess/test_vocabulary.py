from __future__ import annotations

from pipeline.stages.assess.vocabulary import count_phrases


def test_of_overlapping_phrases_the_longest_counts() -> None:
    counts = count_phrases(
        ["in", "the", "description"], {"in": ("a",), "in the description": ("b",), "description": ("c",)}
    )
    assert counts == {"b": 3}
