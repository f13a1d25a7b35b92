"""Does a text sound like talk that says nothing? A second opinion beside the lexicon, for phrases it does not list.

A linear direction in the embedding space, fitted by tools/train_assess.py between hand-written examples of empty talk
(tools/empty_talk.txt: filler, promises, begging, keywords, boilerplate, advertising, hype) and good texts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np

from pipeline.stages.assess.embeddings import Embedder, Matrix

_WINDOW = 60  # words


class Emptiness(msgspec.Struct, frozen=True):
    """The direction from good texts to empty talk."""

    centre: Matrix  # (256,)
    direction: Matrix  # (256,)
    bias: float

    def value(self, words: Sequence[str], embedder: Embedder) -> float:
        """Return the mean log-odds that a window of 60 words is empty talk: good texts about -3, empty ones over -1."""
        rows = embedder.embed(windows(words))
        odds = (rows - self.centre) @ self.direction + self.bias
        return float(odds.mean()) if len(odds) else 0.0


def windows(words: Sequence[str]) -> list[str]:
    """Return stretches of about 60 words; a rest of less than half a window joins the last."""
    count = max(1, round(len(words) / _WINDOW))
    edges = np.linspace(0, len(words), count + 1).astype(int)
    return [" ".join(words[start:end]) for start, end in itertools.pairwise(edges)]
