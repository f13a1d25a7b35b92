"""Signs of completeness: is there enough of it, does it begin, does it come to an end."""

from __future__ import annotations

import math

from pipeline.stages.assess.reading import STOPS, Text
from pipeline.stages.assess.vocabulary import Vocabulary, count_phrases

_ENOUGH = 150  # words: a minute of speech, about where a subject can be introduced, treated and closed
_EDGE = 40  # words looked at for signs of an opening and of a close
_UNFINISHED = frozenset({"article", "possessive", "of", "and", "because"})  # classes that cannot end a sentence
_REGULAR = 25.0  # words a full stop in text that is punctuated throughout
_CLOSERS = f".!?\"')]}}{STOPS}\u300d\u300f\u266a"


def completeness_signs(text: Text, vocabulary: Vocabulary) -> dict[str, float]:
    """Return the signs that the completeness grade weighs (see docs/quality.md for each)."""
    return {
        "length": math.log2(max(text.word_count, 1) / _ENOUGH),
        "truncation": truncation(text, vocabulary),
        "closing": edge_share(text.words[-_EDGE:], "closing", vocabulary),
        "opening": edge_share(text.words[:_EDGE], "opening", vocabulary),
    }


def truncation(text: Text, vocabulary: Vocabulary) -> float:
    """Return how much the end looks cut off, 0-1.

    Punctuated text that does not end with a closing mark: 0.9, or 0.5 where full stops are sparse (over 25 words
    each) and the last may just have been left out; trailing off in dots 0.6; else 0. Without punctuation the last word
    decides: 0.7 when its class cannot end a sentence (`the`, `because`), else 0.1.
    """
    if not text.words:
        return 1.0
    if not text.punctuated:
        return 0.7 if vocabulary.word_class(text.words[-1]) in _UNFINISHED else 0.1
    if text.trails_off:
        return 0.6
    if text.last_character in _CLOSERS:
        return 0.0
    return 0.9 if text.words_per_stop <= _REGULAR else 0.5


def edge_share(words: tuple[str, ...], group: str, vocabulary: Vocabulary) -> float:
    """Return the share of these words that belong to phrases of the group, 0-1."""
    return count_phrases(words, vocabulary.phrases)[group] / max(len(words), 1)
