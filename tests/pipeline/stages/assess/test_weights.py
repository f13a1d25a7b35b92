from __future__ import annotations

import msgspec
import numpy as np

from pipeline.stages.assess import BUILT_IN_TYPES
from pipeline.stages.assess.embeddings import DIMENSIONS
from pipeline.stages.assess.vocabulary import Vocabulary
from pipeline.stages.assess.weights import Weights, weights


def test_weights_are_read_once_and_can_be_shared(fitted: Weights) -> None:
    assert weights() is fitted


def test_every_array_fits_the_embedding_the_lexicon_and_the_types(fitted: Weights, words: Vocabulary) -> None:
    assert fitted.transitions.shape == (len(words.class_ids),) * fitted.transitions.ndim
    assert fitted.background.shape == fitted.emptiness.centre.shape == fitted.emptiness.direction.shape == (DIMENSIONS,)
    assert fitted.ordinary.shape[1] == DIMENSIONS
    assert len(BUILT_IN_TYPES) in fitted.types.matrix.shape


def test_no_number_that_was_fitted_is_none(fitted: Weights) -> None:
    def numbers(value: object) -> list[np.ndarray]:
        if isinstance(value, msgspec.Struct):
            return [found for name in value.__struct_fields__ for found in numbers(getattr(value, name))]
        if isinstance(value, dict):
            return [found for entry in value.values() for found in numbers(entry)]
        return [np.asarray(value, float)] if isinstance(value, float | np.ndarray | tuple) else []

    found = numbers(fitted)
    assert len(found) > 10
    assert all(np.isfinite(array).all() for array in found)
