"""Extractive summary: the sentences nearest to what the whole text is about, without saying one thing twice.

Formula (docs/analysis.md): worth = weight(sentence) * (0.7 * cosine to the centroid + 0.3 * earliness), then greedily
the sentence with the greatest `worth - 0.5 * greatest similarity to one already taken` (maximal marginal relevance,
Carbonell and Goldstein 1998), printed in the order of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.analyze.sentences import POLITENESS, Sentence, split
from pipeline.words import count_words, has_words

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

CENTRALITY_WEIGHT = 0.7
EARLINESS_WEIGHT = 0.3
REDUNDANCY_WEIGHT = 0.5
SAME_THING = 0.9  # cosine from which two sentences say the same
LONGEST_SUMMARY_CHARS = 1500
COMFORTABLE_WORDS = (8, 40)  # shorter ones depend on their surroundings, longer ones are heavy to read

_DEPENDENT = re.compile(r"^(?:and|but|so|or|that|this|it|he|she|they|which|then|yes|no|well|because)\b", re.I)
_QUOTES = re.compile(r"\"")


def summarize(text: str, embed: Embed, *, sentences: int = 3) -> str:
    """Return the `sentences` (1 or more) most telling sentences of a text in their order; "" for an empty text.

    A sentence keeps its speaker ("Name: ...") where the speaker changes. At most 1,500 characters are returned.
    """
    candidates = [sentence for sentence in split(text) if has_words(sentence.text)]
    if not candidates:
        return ""
    chosen = _choose(candidates, embed([sentence.text for sentence in candidates]), max(1, sentences))
    return _shorten(_joined([candidates[index] for index in sorted(chosen)]))


def _choose(candidates: list[Sentence], vectors: NDArray[np.float32], count: int) -> list[int]:
    worth = _worth(candidates, vectors)
    nearest_taken = np.zeros(len(candidates), dtype=np.float32)
    chosen: list[int] = []
    while len(chosen) < min(count, len(candidates)):
        gain = np.where(nearest_taken < SAME_THING, worth - REDUNDANCY_WEIGHT * nearest_taken, -np.inf)
        best = int(np.argmax(gain))
        if gain[best] == -np.inf:
            break  # all that is left repeats what has been said
        chosen.append(best)
        nearest_taken = np.maximum(nearest_taken, vectors @ vectors[best])
        nearest_taken[best] = 1.0  # also where a vector is zero
    return chosen


def _worth(candidates: list[Sentence], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    centroid = vectors.mean(axis=0)
    length = float(np.linalg.norm(centroid))
    centrality = vectors @ (centroid / length) if length else np.zeros(len(candidates), dtype=np.float32)
    earliness = np.array([1.0 - sentence.position for sentence in candidates], dtype=np.float32)
    weights = np.array([_weight(sentence.text) for sentence in candidates], dtype=np.float32)
    worth = weights * (CENTRALITY_WEIGHT * centrality + EARLINESS_WEIGHT * earliness)
    return np.asarray(worth, dtype=np.float32)


def _weight(sentence: str) -> float:
    """How well a sentence stands on its own, 0..1."""
    shortest, longest = COMFORTABLE_WORDS
    count = count_words(sentence)
    weight = min(1.0, count / shortest, longest / max(count, 1))
    if sentence.rstrip("\"')").endswith("?"):
        weight *= 0.6
    if POLITENESS.search(sentence):
        weight *= 0.4
    if _DEPENDENT.match(sentence):
        weight *= 0.8
    if len(_QUOTES.findall(sentence)) % 2:  # part of a longer quotation
        weight *= 0.7
    return weight


def _joined(chosen: list[Sentence]) -> str:
    parts = []
    speaker = None
    for sentence in chosen:
        parts.append(
            f"{sentence.speaker}: {sentence.text}" if sentence.speaker not in (None, speaker) else sentence.text
        )
        speaker = sentence.speaker
    return " ".join(parts)


def _shorten(summary: str) -> str:
    if len(summary) <= LONGEST_SUMMARY_CHARS:
        return summary
    return summary[: LONGEST_SUMMARY_CHARS - 1].rsplit(" ", 1)[0] + "…"
