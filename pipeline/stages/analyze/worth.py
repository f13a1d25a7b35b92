"""What the counts of the heuristics are worth: how often they tell rightly whether there is such a thing at all.

The heuristics find signs, and a text may hold what has no sign. Of a text in which they counted nothing, the share of
its words that stand in impersonal statements (no I, we or you, no question, no outcry) tells how far that can be
believed: chat, verse and instructions hold few, and there is nothing to be found; a text about the world holds many,
and a count of 0 means that its claims carry no numbers, dates or sources. Measured by `python -m bench.counts.run`
(docs/analysis.md); the tests hold these figures against it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.stages.analyze.sentences import Sentence
from pipeline.words import count_words

MOSTLY_PERSONAL = 1 / 3  # share of words in impersonal statements up to which a text is no report about the world
NO_CLAIMS = 0.92  # in a mostly personal text
NO_CLAIMS_IMPERSONAL = 0.30  # in any other
SOME_CLAIMS = 0.81
NO_PERSPECTIVES, SOME_PERSPECTIVES = 0.91, 0.96
NO_FALLACIES, SOME_FALLACIES = 0.57, 0.94
_FEWEST_WORDS = 5
_PERSON = re.compile(r"\b(?:I|me|my|mine|myself|we|us|our|ours|you|your|yours|yourself|let)\b|'(?:m|ll|d)\b", re.I)


def worth_of_claims(count: int, sentences: Sequence[Sentence]) -> float:
    """Return how far a number of claims can be relied on, 0..1, where transcript and language are perfect."""
    if count:
        return SOME_CLAIMS
    return NO_CLAIMS if impersonal_share(sentences) <= MOSTLY_PERSONAL else NO_CLAIMS_IMPERSONAL


def worth_of_perspectives(count: int) -> float:
    """Return the same for a number of points of view."""
    return SOME_PERSPECTIVES if count else NO_PERSPECTIVES


def worth_of_fallacies(count: int) -> float:
    """Return the same for a number of fallacies."""
    return SOME_FALLACIES if count else NO_FALLACIES


def impersonal_share(sentences: Sequence[Sentence]) -> float:
    """Return the share of words that stand in impersonal statements, 0..1; 1 for a text without sentences."""
    counts = [(count_words(sentence.text), sentence.text) for sentence in sentences]
    total = sum(count for count, _ in counts)
    return sum(count for count, text in counts if _is_impersonal(count, text)) / total if total else 1.0


def _is_impersonal(count: int, text: str) -> bool:
    end = text.rstrip("\"')")[-1:]
    return count >= _FEWEST_WORDS and end not in ("?", "!", "\uff1f", "\uff01") and not _PERSON.search(text)
