"""Possible fallacies by the words that suggest them; a hint for a reader, never a verdict.

The cues stand in `fallacy_cues`. Circular reasoning has a reader of its own as well: a "because" whose reason repeats
the words of what it should support.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from pipeline.item import Fallacy
from pipeline.stages.analyze.fallacy_cues import TERMS, cues
from pipeline.stages.analyze.sentences import Sentence, words

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

MOST_FALLACIES = 10
MOST_PER_NAME = 2
LEAST = 0.2  # surer than this, or left out
LONGEST_CHARS = 300
EXPLAINED = 0.4  # factor for a text that names fallacies at least twice: its examples are no arguments
CIRCULAR_CONFIDENCE = 0.35

_BECAUSE = re.compile(r"^(?P<claim>[^.?!]{8,120}?),? because (?P<reason>[^.?!]{8,120})", re.I)
_SAME_AGAIN = re.compile(
    r"\b(?:is|are|was|were|'re|'s) (?:\w+ ){0,2}?(?P<claim>\w{3,}) because "
    r"(?:it|they|he|she|this|that)(?:'s|'re| is| are| was) (?:so |very |just )?(?P<reason>\w{3,})(?=[.!,;]|$)",
    re.I,
)
SYNONYM = 0.4  # cosine of two words: synonyms measure 0.4 to 0.8, a quality and its cause (wet, raining) < 0.3
_EMPTY_WORDS = frozenset(
    words(
        """a an the this that these those it its it's he she they we you i is are was were be been
        am do does did has have had of in on to for with and or but so not no as at by from there
        their his her our your my me him them us what who which when if then because just very
        really can could will would should must may might more most much many all any some than too
        also only people person thing things say says said"""
    )
)


def fallacies(
    sentences: Sequence[Sentence], embed: Embed, *, reliability: float = 1.0, most: int = MOST_FALLACIES
) -> tuple[Fallacy, ...]:
    """Return up to `most` possible fallacies, the surest first, at most two of one name, each with its sentence.

    `reliability` (0..1) of the words themselves scales the confidences, which lie between 0.2 and 0.6.
    """
    found = [fallacy for passage in _passages(sentences) for fallacy in _found(*passage, embed)]
    explained = sum(bool(TERMS.search(sentence.text)) for sentence in sentences) >= 2
    factor = reliability * (EXPLAINED if explained else 1.0)
    scaled = [Fallacy(each.name, each.text, round(each.confidence * factor, 3)) for each in found]
    return tuple(_best(sorted(scaled, key=lambda each: -each.confidence), most))


def _passages(sentences: Sequence[Sentence]) -> Iterable[tuple[str, str]]:
    """Every sentence with the next one of the same speaker, if any: many arguments need two."""
    for sentence, following in zip_longest(sentences, sentences[1:]):
        goes_on = following is not None and following.speaker == sentence.speaker
        yield sentence.text, following.text if goes_on and following else ""


def _found(sentence: str, following: str, embed: Embed) -> list[Fallacy]:
    """Every name at most once, with its surest cue that begins in `sentence`."""
    passage = f"{sentence} {following}".rstrip()
    if TERMS.search(passage):
        return []
    surest: dict[str, Fallacy] = {}
    for name, confidence, cue in cues():
        match = cue.search(passage)
        if match and match.start() <= len(sentence) and (name not in surest or confidence > surest[name].confidence):
            words_of_it = sentence if match.end() <= len(sentence) else passage
            surest[name] = Fallacy(name, _shortened(words_of_it), confidence)
    if "circular reasoning" not in surest and _repeats_itself(sentence, embed):
        surest["circular reasoning"] = Fallacy("circular reasoning", _shortened(sentence), CIRCULAR_CONFIDENCE)
    return list(surest.values())


def _repeats_itself(sentence: str, embed: Embed) -> bool:
    """Tell whether the reason after "because" only says the claim again, in its words or a synonym."""
    if (match := _BECAUSE.search(sentence)) is None:
        return False
    claim, reason = _stems(match["claim"]), _stems(match["reason"])
    if claim and reason and reason <= claim:
        return True
    again = _SAME_AGAIN.search(sentence)
    if again is None:
        return False
    one, other = embed([again["claim"], again["reason"]])
    return float(one @ other) >= SYNONYM


def _stems(text: str) -> set[str]:
    """Return the telling words without their commonest endings."""
    return {
        re.sub(r"(?:worthy|ness|ing|ed|ly|es|s|ity)$", "", word)[:7] for word in words(text) if word not in _EMPTY_WORDS
    }


def _best(ordered: Iterable[Fallacy], most: int) -> list[Fallacy]:
    taken: list[Fallacy] = []
    for fallacy in ordered:
        named = sum(other.name == fallacy.name for other in taken)
        if fallacy.confidence >= LEAST and named < MOST_PER_NAME and len(taken) < most:
            taken.append(fallacy)
    return taken


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CHARS else text[: LONGEST_CHARS - 1].rsplit(" ", 1)[0] + "…"
