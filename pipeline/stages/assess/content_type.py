"""Which kind of content a text is: cues of how it is told, plus what it is about, in a linear model.

How it is told (turns, questions, attribution, dates, instructions, narrative, exclamations) decides more than the
subject: a lecture, a quiz and a news item can all be about volcanoes. The weights are fitted by tools/train_assess.py.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.stages.assess.material import Material, weighted
from pipeline.stages.assess.reading import Text
from pipeline.stages.assess.vocabulary import Vocabulary, count_phrases

BUILT_IN_TYPES = ("discussion", "news", "education", "entertainment")
TOPIC_SCALE = 16.0  # sqrt(256): gives the parts of a unit vector the size of a standardised cue
_SHORT = 5  # words of a sentence that is a reply or an outcry rather than a statement
_GRAMMAR = ("verb_base", "verb_past", "-ed", "-ing", "adjective", "number", "interjection", "negated", "subject_aux")
_OPENERS = ("verb_base", "subject", "interjection", "and", "article")  # classes that a sentence begins with

Row = npt.NDArray[np.float64]


def cue_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the names of the cues, in the order in which `cues` gives them."""
    groups = sorted({group for groups in vocabulary.cues.values() for group in groups})
    return (*groups, *_GRAMMAR, *(f"begins with {name}" for name in _OPENERS), *_STRUCTURE)


def cues(text: Text, vocabulary: Vocabulary, *, english: bool = True) -> Row:
    """Return the cues of a text, most as square roots of shares; NaN where the text cannot tell.

    Bare recogniser output has no sentence lengths, questions or exclamations, and a text in another language none of
    the lexicon's words: unknown is not zero.
    """
    count = max(len(text.words), 1)
    phrases = count_phrases(text.words, vocabulary.cues)
    groups = sorted({group for groups in vocabulary.cues.values() for group in groups})
    classes = [vocabulary.word_class(word) for word in text.words]
    shares = [phrases[group] / count for group in groups] + [classes.count(name) / count for name in _GRAMMAR]
    lexical = np.array([*np.sqrt(shares), *_openings(text, vocabulary)])
    return np.concatenate([lexical if english else np.full_like(lexical, np.nan), _structure(text, count)])


def topic(material: Material) -> Row:
    """Return what the text is about: the unit mean of its content words' vectors by salience (zeros for none)."""
    if not material.count:
        return np.zeros(material.vectors.shape[1])
    mean = weighted(material).mean(axis=0, dtype=np.float64)
    direction: Row = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return direction


def _openings(text: Text, vocabulary: Vocabulary) -> Row:
    if not text.punctuated:
        return np.full(len(_OPENERS), np.nan)
    first = [vocabulary.word_class(sentence[0]) for sentence in text.sentences]
    return np.sqrt([first.count(name) / len(first) for name in _OPENERS])


_STRUCTURE = ("turns", "quotes", "contractions", "sentence length", "short sentences", "questions", "exclamations")


def _structure(text: Text, count: int) -> list[float]:
    always = [
        math.sqrt(min(len(text.speakers) / count, 0.08)),
        math.sqrt(text.quotes / count),
        math.sqrt(sum("'" in word for word in text.words) / count),
    ]
    if not text.punctuated:
        return [*always, *[math.nan] * 4]
    sentences = len(text.sentences)
    marks = text.questions + text.exclamations > 0  # with neither, a recogniser may have written full stops only
    return [
        *always,
        math.log(count / sentences),
        sum(len(sentence) <= _SHORT for sentence in text.sentences) / sentences,
        math.sqrt(text.questions / count) if marks else math.nan,
        math.sqrt(text.exclamations / count) if marks else math.nan,
    ]


def softmax(values: Row) -> Row:
    """Return shares that sum to 1, from values of any size."""
    shifted = np.exp(values - np.max(values))
    shares: Row = shifted / shifted.sum()
    return shares


class TypeModel(msgspec.Struct, frozen=True):
    """A linear model over standardised cues and the topic; its softmax at a fitted temperature is the confidence."""

    centre: Row
    spread: Row
    topic_centre: Row
    matrix: Row  # (cues + 256 + 1, 4)
    temperature: float

    def inputs(self, cue_row: Row, topic_row: Row) -> Row:
        """Return the model's inputs: an unknown cue counts as an ordinary one, extremes count as three spreads."""
        scaled = np.clip((cue_row - self.centre) / self.spread, -3.0, 3.0)
        subject = (topic_row - self.topic_centre) * TOPIC_SCALE if topic_row.any() else np.zeros_like(topic_row)
        return np.concatenate([np.nan_to_num(scaled), subject, [1.0]])

    def shares(self, cue_row: Row, topic_row: Row) -> Row:
        """Return the probability of each built-in type."""
        return softmax(self.inputs(cue_row, topic_row) @ self.matrix / self.temperature)
