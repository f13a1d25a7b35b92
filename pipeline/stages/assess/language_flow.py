"""Whether words follow each other as they do in English: the sign that tells sentences from shuffled words.

Every word becomes one of about fifty classes (article, modal, subject pronoun, -ing form, ...; a sentence's end is a
class too). With n(a, b) how often class b follows class a in ordinary texts, and e(a, b) how often it would by chance,
a transition is worth log((n + 3) / (e + 3)) nats, and a text's flow is the mean over its transitions. Ordinary texts
have 0.2 to 0.6, the same words shuffled -0.6 to -0.3, whatever the subject: the classes are grammar, not topic.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pipeline.stages.assess.reading import Text
from pipeline.stages.assess.vocabulary import BOUNDARY, Vocabulary

Table = npt.NDArray[np.float32]

_SMOOTHING = 3.0


def classes(text: Text, vocabulary: Vocabulary) -> list[int]:
    """Return the text as class numbers, with a boundary after each sentence that the writer closed."""
    ids = vocabulary.class_ids
    sequence: list[int] = []
    for sentence, closed in zip(text.sentences, text.ended, strict=True):
        sequence += [ids[vocabulary.word_class(word)] for word in sentence]
        if closed:
            sequence.append(ids[BOUNDARY])
    return sequence


def flow(sequence: list[int], table: Table) -> float:
    """Return the mean worth of the transitions, in nats; 0 for fewer than two words."""
    if len(sequence) < 2:
        return 0.0
    return float(table[sequence[:-1], sequence[1:]].mean())


def transition_table(sequences: Iterable[list[int]], size: int) -> Table:
    """Count the transitions of ordinary texts and return what each is worth (used when fitting)."""
    counts = np.zeros((size, size))
    for sequence in sequences:
        np.add.at(counts, (sequence[:-1], sequence[1:]), 1)
    chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1.0)
    table: Table = np.log((counts + _SMOOTHING) / (chance + _SMOOTHING)).astype(np.float32)
    return table
