from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.stages.assess.embeddings import Embedder, unit_rows, weights_folder


def test_each_text_becomes_a_row_of_256_at_unit_length(embedder: Embedder) -> None:
    rows = embedder.embed(["a ferry ran aground", "knead the dough"])
    assert rows.shape == (2, 256)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 256)


def test_a_text_without_a_token_has_no_direction(embedder: Embedder) -> None:
    assert not embedder.embed([""]).any()


def test_related_sentences_are_closer_than_unrelated_ones(embedder: Embedder) -> None:
    cat, kitten, tax = embedder.embed(
        ["the cat slept on the sofa", "a kitten lay on the couch", "income tax was raised"]
    )
    assert cat @ kitten > cat @ tax + 0.2


def test_a_row_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    alone = embedder.embed(["rain tomorrow"])[0]
    assert np.array_equal(alone, embedder.embed(["a much longer text about something else", "rain tomorrow"])[1])


def test_half_a_surrogate_pair_is_no_error(embedder: Embedder) -> None:
    assert embedder.embed(["broken \ud83d emoji"]).any()


def test_many_threads_get_what_one_gets(embedder: Embedder) -> None:
    texts = [f"sentence number {number} about bridges" for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        rows = np.vstack(list(pool.map(lambda text: embedder.embed([text]), texts)))
    assert np.array_equal(rows, embedder.embed(texts))


def test_a_name_is_looked_up_with_its_capital(embedder: Embedder) -> None:
    assert embedder.words(["london"]).pieces.tolist() == [1]


def test_rarer_words_have_higher_ranks(embedder: Embedder) -> None:
    common, rare, cut = embedder.words(["time", "garden", "coastguard"]).ranks
    assert common < rare < cut


def test_rows_of_zeros_stay_as_they_are() -> None:
    assert not unit_rows(np.zeros((1, 4), np.float32)).any()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError, match="wordllama") as caught:
        weights_folder()
    assert caught.value.error_type == "internal"
