"""What every dimension looks at, worked out once per text: its content words, where they stand, what they mean."""

from __future__ import annotations

import msgspec
import numpy as np

from pipeline.stages.assess.embeddings import Embedder, Indices, Matrix, unit_rows
from pipeline.stages.assess.reading import Text
from pipeline.stages.assess.vocabulary import Vocabulary, stem

_COMMON, _RARE = 300, 15_000  # ranks between which a word's salience rises
_LEAST_SALIENCE = 0.15


class Material(msgspec.Struct, frozen=True):
    """A text's content words. Arrays run over the content words in order unless said otherwise."""

    text: Text
    positions: Indices  # place among all words
    stems: Indices  # equal numbers: forms of one word
    words: Indices  # row in `vectors`
    vectors: Matrix  # one unit row per different content word, the background direction taken out
    salience: Matrix  # per different content word, 0.15-1: how much it tells about the subject (`good` little)
    pieces: Indices  # per different content word: tokens it was cut into (1: a common word)

    @property
    def count(self) -> int:
        """Content words in the text."""
        return len(self.words)


def material(text: Text, vocabulary: Vocabulary, embedder: Embedder, background: Matrix) -> Material:
    """Gather the content words of `text`; `background` is the mean direction of words in general."""
    pairs = [(place, word) for place, word in enumerate(text.words) if vocabulary.is_content(word)]
    rows: dict[str, int] = {}
    roots: dict[str, int] = {}
    words = [rows.setdefault(word, len(rows)) for _, word in pairs]
    stems = [roots.setdefault(stem(word), len(roots)) for _, word in pairs]
    looked_up = embedder.words(list(rows))
    return Material(
        text=text,
        positions=np.array([place for place, _ in pairs], np.int64),
        stems=np.array(stems, np.int64),
        words=np.array(words, np.int64),
        vectors=unit_rows(unit_rows(looked_up.vectors) - background),
        salience=salience(looked_up.ranks),
        pieces=looked_up.pieces,
    )


def salience(ranks: Indices) -> Matrix:
    """Return ln(rank / 300) / ln(15000 / 300), kept within 0.15-1: an inverse-frequency weight without a corpus."""
    risen = np.log(np.maximum(ranks, 1) / _COMMON) / np.log(_RARE / _COMMON)
    weights: Matrix = np.clip(risen, _LEAST_SALIENCE, 1.0).astype(np.float32)
    return weights


def weighted(material: Material) -> Matrix:
    """Return each content word's vector times its salience, one row per word of the text."""
    rows: Matrix = (material.vectors * material.salience[:, None])[material.words]
    return rows
