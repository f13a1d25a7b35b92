"""Signs of coherence: do words follow each other, do sentences stay with their subject.

Grammar alone is not enough (nonsense can be grammatical), nor is similarity (a word repeated is similar to itself),
so both are measured: flow of word classes, and lexical cohesion (Halliday & Hasan 1976): what is talked about comes
back within the next sentences, as the same word or as a related one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.stages.assess.embeddings import unit_rows
from pipeline.stages.assess.language_flow import Table, classes, flow
from pipeline.stages.assess.material import Material, weighted
from pipeline.stages.assess.vocabulary import Vocabulary, count_phrases

_NEAR = 60  # words to either side in which something comes back
_SAME_PHRASE = 6  # closer than this is the same phrase, no return to the subject
_FAR = 100  # words within which a word comes back
_KEPT = 20  # earlier uses of a word that are remembered
_BLOCK = 400  # content words compared at a time: memory stays flat for long texts
_WINDOW = 16  # words
_NEIGHBOURS = 9  # windows to either side
_FEWEST = 150  # words a share of rare phrases is taken of at least
# what ordinary texts have, and a text of no words is taken to have
_TYPICAL_TIES, _TYPICAL_RETURNS, _TYPICAL_THREAD = 0.18, 0.19, 0.16
_DOUBT = 40.0  # words' worth of doubt with which short texts are pulled to the typical


def coherence_signs(material: Material, vocabulary: Vocabulary, table: Table) -> dict[str, float]:
    """Return the signs that the coherence grade weighs (see docs/quality.md for each)."""
    text = material.text
    count = max(len(text.words), 1)
    trust = count / (count + _DOUBT)
    return {
        "flow": flow(classes(text, vocabulary), table),
        "ties": _TYPICAL_TIES + trust * (ties(material) - _TYPICAL_TIES),
        "returns": _TYPICAL_RETURNS + trust * (returns(material) - _TYPICAL_RETURNS),
        "thread": _TYPICAL_THREAD + trust * (thread(material) - _TYPICAL_THREAD),
        "digression": count_phrases(text.words, vocabulary.phrases)["digression"] / max(count, _FEWEST),
        "noise": text.noise_marks / count,
        "stutter": sum(a == b for a, b in zip(text.words, text.words[1:], strict=False)) / count,
        "unknown": float(material.pieces.mean()) if material.count else 1.0,
    }


def ties(material: Material) -> float:
    """Return how strongly the mean content word is tied to its surroundings, 0-1.

    Per content word the three best matches 7-60 words away (1 for a form of the same word, else cosine, at least 0),
    each times the geometric mean of both words' salience.
    """
    if material.count < 2:
        return 0.0
    strengths = [_tie_strengths(material, start) for start in range(0, material.count, _BLOCK)]
    return float(np.concatenate(strengths).mean())


def returns(material: Material) -> float:
    """Return the share of content words that come back 7-100 words away, in any form, 0-1, by salience."""
    last: dict[int, list[int]] = {}
    positions = material.positions.tolist()
    back = np.zeros(material.count, bool)
    for index, root in enumerate(material.stems.tolist()):
        for earlier in last.setdefault(root, []):
            if _SAME_PHRASE < positions[index] - positions[earlier] <= _FAR:
                back[index] = back[earlier] = True
        last[root] = [*last[root], index][-_KEPT:]
    weight = material.salience[material.words]
    return float(weight[back].sum() / weight.sum()) if material.count else 0.0


def thread(material: Material) -> float:
    """Return the mean cosine between a window of 16 words and the nine windows to either side of it, -1..1."""
    if material.count < 2:
        return 0.0
    window = material.positions // _WINDOW
    sums = np.zeros((int(window[-1]) + 1, material.vectors.shape[1]), np.float32)
    np.add.at(sums, window, weighted(material))
    sums = sums[np.bincount(window) >= 2]  # a window of one content word says nothing
    if len(sums) < 2:
        return 0.0
    around = np.stack([_surroundings(sums, place) for place in range(len(sums))])
    return float((unit_rows(sums) * unit_rows(around)).sum(axis=1).mean())


def _surroundings(sums: npt.NDArray[np.float32], place: int) -> npt.NDArray[np.float32]:
    around: npt.NDArray[np.float32] = sums[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1].sum(axis=0)
    around -= sums[place]
    return around


def _tie_strengths(material: Material, start: int) -> npt.NDArray[np.float32]:
    stop = min(start + _BLOCK, material.count)
    positions = material.positions
    low = int(np.searchsorted(positions, positions[start] - _NEAR))
    high = int(np.searchsorted(positions, positions[stop - 1] + _NEAR, side="right"))
    likeness = material.vectors[material.words[start:stop]] @ material.vectors[material.words[low:high]].T
    likeness[material.stems[start:stop, None] == material.stems[None, low:high]] = 1.0
    weight = np.sqrt(material.salience)
    likeness *= weight[material.words[start:stop], None] * weight[None, material.words[low:high]]
    distance = np.abs(positions[start:stop, None] - positions[None, low:high])
    likeness[(distance <= _SAME_PHRASE) | (distance > _NEAR)] = 0.0
    best = np.maximum(np.sort(likeness, axis=1)[:, -3:], 0.0)
    strengths: npt.NDArray[np.float32] = best.sum(axis=1) / 3.0
    return strengths
