from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from pipeline.stages.assess.embeddings import Embedder
from pipeline.stages.assess.emptiness import Emptiness, windows
from pipeline.stages.assess.weights import Weights


@pytest.mark.parametrize(
    ("count", "lengths"),
    [(0, [0]), (1, [1]), (60, [60]), (89, [89]), (91, [45, 46]), (180, [60] * 3), (205, [68, 68, 69])],
)
def test_windows_are_of_about_sixty_words_and_leave_none_out(count: int, lengths: list[int]) -> None:
    words = [f"w{n}" for n in range(count)]
    found = windows(words)
    assert [len(window.split()) for window in found] == lengths
    assert " ".join(found).split() == words


def test_the_value_is_the_mean_over_the_windows(embedder: Embedder) -> None:
    direction = np.zeros(256, np.float32)
    flat = Emptiness(np.zeros(256, np.float32), direction, -2.5)
    assert flat.value(["harbour"] * 200, embedder) == pytest.approx(-2.5)


def test_talk_that_says_nothing_lies_above_texts_that_do(
    fitted: Weights, embedder: Embedder, article: str, poor_texts: Mapping[str, str]
) -> None:
    good = fitted.emptiness.value(article.split(), embedder)
    empty = [
        fitted.emptiness.value(text.split(), embedder)
        for name, text in poor_texts.items()
        if "ramble" in name or "loop" in name
    ]
    assert len(empty) >= 2
    assert good < -1 < min(empty)
