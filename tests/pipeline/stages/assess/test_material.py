from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.stages.assess.material import Material, salience, weighted

Subject = Callable[[str], Material]


def test_only_content_words_are_gathered_each_at_its_place(subject: Subject) -> None:
    found = subject("The ferry left the harbour at 7, and the ferries sank.")
    assert [found.text.words[place] for place in found.positions] == ["ferry", "left", "harbour", "ferries", "sank"]
    assert found.count == 5


def test_a_word_that_comes_again_has_one_vector_and_forms_of_it_one_stem(subject: Subject) -> None:
    found = subject("Bridges collapsed. The bridges and the bridge collapsed.")
    assert found.words.tolist() == [0, 1, 0, 2, 1]
    assert found.stems.tolist() == [0, 1, 0, 0, 1]
    assert found.vectors.shape == (3, 256)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_a_text_without_content_words_has_none(subject: Subject) -> None:
    found = subject("And so it is, and so on.")
    assert (found.count, found.vectors.shape, weighted(found).shape) == (0, (0, 256), (0, 256))


def test_salience_rises_with_rarity_between_its_ends() -> None:
    found = salience(np.array([0, 1, 300, 2121, 15_000, 10**6]))
    assert found[:3] == pytest.approx([0.15] * 3)
    assert found[3] == pytest.approx(0.5, abs=0.001)  # halfway, on a logarithmic scale
    assert found[4:] == pytest.approx([1.0, 1.0])


def test_a_row_is_a_words_vector_times_its_salience(subject: Subject) -> None:
    found = subject("harbour harbour lighthouse")
    rows = weighted(found)
    assert rows.shape == (3, 256)
    assert rows[0] == pytest.approx(rows[1])
    assert np.linalg.norm(rows[2]) == pytest.approx(found.salience[found.words[2]], abs=1e-5)
