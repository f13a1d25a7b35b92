"""Counts that need no dictionary: variety of words, repetition, concentration.

Each is a mean over blocks of a few hundred words, so that a two-hour transcript is measured by the same yardstick as a
three-minute one (a ratio of types to tokens over the whole text falls with length, whoever speaks).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_MTLD_THRESHOLD = 0.72  # McCarthy & Jarvis 2010
_BLOCK = 500  # words


def mtld(words: Sequence[str]) -> float:
    """Return the measure of textual lexical diversity: mean length of runs whose type/token ratio stays above 0.72.

    McCarthy & Jarvis (2010), mean of both directions. About 15 for a text that goes round in circles, 50-130 for
    ordinary talk, above 200 for word lists. 0 for an empty text.
    """
    if not words:
        return 0.0
    return (_mtld_one_way(words) + _mtld_one_way(words[::-1])) / 2


def lexical_diversity(words: Sequence[str]) -> float:
    """Return MTLD on a scale of 0-1: m / (m + 40), so 0.5 where ordinary variety begins."""
    value = mtld(words)
    return value / (value + 40.0)


def repetition_ratio(words: Sequence[str]) -> float:
    """Return the share of four-word sequences that have been said before within the same 500 words, 0-1."""
    return block_mean(words, _BLOCK, _repeated_fours)


def concentration(items: Sequence[int], most: int = 5, block: int = 150) -> float:
    """Return the share of a text's content words that its `most` commonest ones take, 0-1, per block."""
    return block_mean(items, block, lambda part: sum(n for _, n in Counter(part).most_common(most)) / len(part))


def head_share(words: Sequence[str], most: int = 10) -> float:
    """Return the share of all words that the ten commonest take; 0.15-0.35 in every natural language (Zipf)."""
    if not words:
        return 0.0
    return sum(n for _, n in Counter(words).most_common(most)) / len(words)


def block_mean(items: Sequence[T], size: int, measure: Callable[[Sequence[T]], float]) -> float:
    """Return the mean of `measure` over blocks of about `size` items (a short rest joins the last), 0 for nothing."""
    if len(items) == 0:
        return 0.0
    blocks = max(1, round(len(items) / size))
    edges = np.linspace(0, len(items), blocks + 1).astype(int)
    return float(np.mean([measure(items[start:end]) for start, end in itertools.pairwise(edges)]))


def _repeated_fours(words: Sequence[str]) -> float:
    fours = [tuple(words[start : start + 4]) for start in range(len(words) - 3)]
    return 1.0 - len(set(fours)) / len(fours) if fours else 0.0


def _mtld_one_way(words: Sequence[str]) -> float:
    factors = 0.0
    seen: set[str] = set()
    count = 0
    for word in words:
        seen.add(word)
        count += 1
        if len(seen) / count < _MTLD_THRESHOLD:
            factors, seen, count = factors + 1, set(), 0
    if count:
        factors += (1 - len(seen) / count) / (1 - _MTLD_THRESHOLD)
    return len(words) / max(factors, 1.0)
