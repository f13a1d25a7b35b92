"""Keywords by YAKE (Campos et al. 2020): statistics of the text alone, no corpus, one to two words each."""

from __future__ import annotations

from collections.abc import Iterable

import yake

from pipeline.stages.analyze.sentences import unlabelled, words

MOST_KEYWORDS = 10
LONGEST_TEXT_CHARS = 200_000  # about 33,000 words; beyond that the start speaks for the whole
LONGEST_KEYWORD_CHARS = 60
SAME_KEYWORD = 0.7  # YAKE's own similarity, from which two candidates are one


def keywords(text: str, language: str | None = None, *, most: int = MOST_KEYWORDS) -> tuple[str, ...]:
    """Return up to `most` keywords, the most telling first; names of speakers before a colon do not count.

    `language` is an ISO 639-1 code that picks the stop words; English when unknown.
    """
    body = unlabelled(text)[:LONGEST_TEXT_CHARS]
    if not words(body):
        return ()
    stop_words = language if language and language.isalpha() else "en"
    # an extractor keeps a cache of its own, so that one per call is what several threads need
    extractor = yake.KeywordExtractor(lan=stop_words, n=2, dedup_lim=SAME_KEYWORD, top=3 * most)
    return tuple(_distinct((keyword for keyword, _ in extractor.extract_keywords(body)), most))


def _distinct(candidates: Iterable[str], most: int) -> list[str]:
    """Leave out what shares all its words with a better keyword ("engine" beside "engine cough")."""
    taken: dict[str, frozenset[str]] = {}
    for candidate in candidates:
        own = frozenset(words(candidate))
        too_little = len("".join(own)) < 2 or len(candidate) > LONGEST_KEYWORD_CHARS
        if too_little or any(own <= other or other <= own for other in taken.values()):
            continue
        taken[candidate] = own
        if len(taken) == most:
            break
    return list(taken)
