"""Signs of informativeness: how much is said, how specifically, and how much of it is padding or said before."""

from __future__ import annotations

import math

import numpy as np

from pipeline.stages.assess.embeddings import Embedder
from pipeline.stages.assess.emptiness import Emptiness
from pipeline.stages.assess.material import Material
from pipeline.stages.assess.text_statistics import block_mean, concentration, mtld, repetition_ratio
from pipeline.stages.assess.vocabulary import Vocabulary, count_phrases

_BLOCK = 300  # content positions are judged per block, see text_statistics
_FEWEST = 150
PADDING = ("filler", "hype", "begging", "vague")


def informativeness_signs(
    material: Material, vocabulary: Vocabulary, embedder: Embedder, emptiness: Emptiness
) -> dict[str, float]:
    """Return the signs that the informativeness grade weighs (see docs/quality.md for each)."""
    words = material.text.words
    return {
        "repetition": repetition_ratio(words),
        "diversity": math.log(max(mtld(words), 5.0)),
        "concentration": concentration(material.stems.tolist()),
        "density": _distinct_per_word(material, np.ones(material.count, bool)),
        "specifics": _distinct_per_word(material, material.pieces[material.words] >= 2),
        "emptiness": emptiness.value(words, embedder),
        **padding_shares(words, vocabulary),
    }


def padding_shares(words: tuple[str, ...], vocabulary: Vocabulary) -> dict[str, float]:
    """Return which share of the words is filler, hype, begging and vagueness, each 0-1.

    A text of less than 150 words is counted as one of 150, so that a single phrase does not condemn it.
    """
    counts = count_phrases(words, vocabulary.phrases)
    return {group: counts[group] / max(len(words), _FEWEST) for group in PADDING}


def _distinct_per_word(material: Material, wanted: np.ndarray) -> float:
    """Different content words (forms of one counted once) per word of text, over blocks of 300 words."""
    stems = np.full(len(material.text.words), -1, np.int64)
    stems[material.positions[wanted]] = material.stems[wanted]
    return block_mean(stems, _BLOCK, lambda part: len(set(part[part >= 0].tolist())) / len(part))
