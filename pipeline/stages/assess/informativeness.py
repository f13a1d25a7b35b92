"""Signs of informativeness: how much is said, how specifically, and how much of it is padding or said before."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pipeline.stages.assess.embeddings import Embedder
from pipeline.stages.assess.emptiness import Emptiness
from pipeline.stages.assess.material import Material
from pipeline.stages.assess.text_statistics import block_mean, concentration, mtld, repetition_ratio
from pipeline.stages.assess.vocabulary import Vocabulary, count_phrases

_BLOCK = 300  # content positions are judged per block, see text_statistics
_NOT_WANTED = -1
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


def _distinct_per_word(material: Material, wanted: npt.NDArray[np.bool_]) -> float:
    """Count different content words (forms of one counted once) per word of text, over blocks of 300 words."""
    stems = [_NOT_WANTED] * len(material.text.words)
    for place in np.flatnonzero(wanted).tolist():
        stems[int(material.positions[place])] = int(material.stems[place])
    return block_mean(stems, _BLOCK, lambda part: len(set(part) - {_NOT_WANTED}) / len(part))
