"""What can happen to a good text: shuffled, cut off, repeating itself, bare of punctuation, patched together.

The benchmark asks whether the assessment notices; tools/train_assess.py learns from the same damage on other texts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_LABEL = re.compile(r"(?m)^[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,2}: ")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+|\n+")
_MARKS = re.compile(r'[.,;:!?"]')


def one_line(text: str) -> str:
    """Return the text without line breaks."""
    return " ".join(text.split())


def without_labels(text: str) -> str:
    """Return the text without speaker labels."""
    return _LABEL.sub("", text)


def bare(text: str) -> str:
    """Return the text as a simple recogniser writes it: no labels, no punctuation, no capitals, one line."""
    return one_line(_MARKS.sub("", without_labels(text)).lower())


def shuffled(text: str, rng: random.Random) -> str:
    """Return all words in random order."""
    words = text.split()
    rng.shuffle(words)
    return " ".join(words)


def shuffled_within_sentences(text: str, rng: random.Random) -> str:
    """Return every sentence's words in random order."""
    return " ".join(shuffled(sentence, rng) for sentence in sentences(text))


def cut(text: str, share: float = 1 / 3) -> str:
    """Return the first words, mid-sentence or not."""
    words = text.split()
    return " ".join(words[: int(len(words) * share)])


def cut_at_sentence_end(text: str, share: float = 1 / 3) -> str:
    """Return the first words up to the last sentence end among them (as `cut` where there is none)."""
    words = text.split()
    limit = int(len(words) * share)
    ends = [place for place in range(limit) if words[place].rstrip("\"')")[-1:] in tuple(".?!")]
    return " ".join(words[: ends[-1] + 1 if ends else limit])


def repeating(text: str, rng: random.Random) -> str:
    """Return two of the text's sentences over and over, as long as the text."""
    long_enough = [sentence for sentence in sentences(text) if 6 <= len(sentence.split()) <= 60]
    if len(long_enough) < 2:
        words = text.split()
        long_enough = [" ".join(words[start : start + 15]) for start in (0, 15, 30)]
    pair = " ".join(rng.sample(long_enough, 2)).split()
    length = len(text.split())
    return " ".join((pair * (length // len(pair) + 1))[:length])


def patchwork(texts: Sequence[str], rng: random.Random, pieces: int = 20, words: int = 15) -> str:
    """Return stretches of 15 words from 20 different texts: every other sentence a new subject."""
    parts: list[str] = []
    for text in rng.sample(list(texts), min(pieces, len(texts))):
        own = text.split()
        start = rng.randrange(max(1, len(own) - words))
        parts += own[start : start + words]
    return " ".join(parts)


def sentences(text: str) -> list[str]:
    """Return the sentences as split by punctuation and line breaks."""
    return [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
