"""Content types that an operator defines by a few example phrases.

A custom type wins when the text stands out by its likeness to the examples, compared with ordinary texts:

    likeness(text) = mean over its windows of 60 words of the best cosine with an example or with their mean
    strength       = (likeness - median likeness of ordinary texts) / max(0.05, their deviation)
    confidence     = 1 / (1 + exp(-2 (strength - 3)))

It takes the text when its confidence is over 0.5 and the highest of all custom types: three deviations above ordinary.
Median and median absolute deviation, because some ordinary texts may well be about the examples. An example that fits
everything ("thank you for watching") is like every ordinary text as well, and steals nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from pipeline.stages.assess.content_type import topic
from pipeline.stages.assess.embeddings import Embedder, Matrix, unit_rows
from pipeline.stages.assess.material import Material, material, weighted
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary

_WINDOW = 60  # words
_STANDS_OUT = 3.0
_STEEPNESS = 2.0
_LEAST_DEVIATION = 0.05
_NORMAL = 1.4826  # from a median absolute deviation to a standard deviation


class CustomType(msgspec.Struct, frozen=True):
    """One custom type: the directions of its examples, and how like them ordinary texts are."""

    name: str
    examples: Matrix
    ordinary_middle: float
    ordinary_deviation: float

    def confidence(self, windows: Matrix) -> float:
        """Return how clearly a text with these windows is about the examples, 0-1."""
        strength = (likeness(windows, self.examples) - self.ordinary_middle) / self.ordinary_deviation
        return 1.0 / (1.0 + math.exp(-_STEEPNESS * (min(strength, 10.0) - _STANDS_OUT)))


def known_types(
    examples: Mapping[str, Sequence[str]],
    ordinary: Matrix,
    background: Matrix,
    vocabulary: Vocabulary,
    embedder: Embedder,
) -> tuple[CustomType, ...]:
    """Return the types whose examples contain at least one content word; `ordinary` are topics of ordinary texts."""
    found = []
    for name, phrases in examples.items():
        topics = [topic(material(read(phrase), vocabulary, embedder, background)) for phrase in phrases]
        rows = np.array([row for row in topics if row.any()], np.float32)
        if len(rows):
            directions = np.vstack([rows, unit_rows(rows.sum(axis=0, keepdims=True))])
            likenesses = [likeness(row[None], directions) for row in ordinary]
            middle = float(np.median(likenesses))
            deviation = _NORMAL * float(np.median(np.abs(np.array(likenesses) - middle)))
            found.append(CustomType(name, directions, middle, max(_LEAST_DEVIATION, deviation)))
    return tuple(found)


def topic_windows(subject: Material) -> Matrix:
    """Return the topic of each window of 60 words, one unit row each."""
    window = subject.positions // _WINDOW
    sums = np.zeros((int(window[-1]) + 1 if subject.count else 0, subject.vectors.shape[1]), np.float32)
    np.add.at(sums, window, weighted(subject))
    return unit_rows(sums)


def likeness(windows: Matrix, examples: Matrix) -> float:
    """Return the mean over the windows of the best cosine with an example, -1..1; 0 without windows."""
    return float((windows @ examples.T).max(axis=1).mean()) if len(windows) else 0.0
