"""The hand-written lexicon: word classes for syntax, phrases that fill, beg, promise or close, cues of content types.

`lexicon.json` beside this module is the data; here it becomes look-up tables. Everything is lower case, so that
recogniser output without capitals reads the same as edited prose.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

_FILE = Path(__file__).with_name("lexicon.json")
_OPEN = frozenset({"verb_base", "verb_past", "verb_third", "adjective", "noun", "calendar", "number"})
_ENDINGS = ("ings", "ing", "ers", "ies", "ed", "es", "er", "s", "y", "e")
_LONGEST_PHRASE = 5

BOUNDARY = "#"  # the class of a sentence's end

Phrases = dict[str, tuple[str, ...]]  # phrase -> the groups it belongs to


class Vocabulary(msgspec.Struct, frozen=True):
    """Look-up tables made from the lexicon."""

    classes: dict[str, str]  # word -> class
    suffixes: tuple[tuple[str, str], ...]  # ending -> class, first match counts
    class_ids: dict[str, int]
    function_words: frozenset[str]
    phrases: Phrases  # filler, hype, begging, vague, digression, closing, opening
    cues: Phrases  # of content types

    def word_class(self, word: str) -> str:
        """Return the word's class: from the list, from its form, or `other`."""
        listed = self.classes.get(word)
        return listed if listed is not None else self._by_form(word)

    def is_content(self, word: str) -> bool:
        """Tell whether the word carries meaning of its own (not a function word, a number or a letter)."""
        if len(word) < 3 or word[0].isdigit():
            return False
        return self.classes.get(word, "other") in _OPEN | {"other"} and "'" not in word.removesuffix("'s")

    def _by_form(self, word: str) -> str:
        if word[0].isdigit():
            return "number"
        if word.endswith("n't"):
            return "negated"
        for ending, name in self.suffixes:
            if word.endswith(ending) and len(word) >= len(ending) + 2:
                return name
        return "subject_aux" if "'" in word else "other"


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the lexicon's tables; read once."""
    raw = msgspec.json.decode(_FILE.read_bytes())
    classes: dict[str, str] = {}
    for name, words in raw["classes"].items():
        for word in words.split():
            classes.setdefault(word, name)
    suffixes = tuple((ending, name) for ending, name in raw["suffixes"])
    names = sorted({*classes.values(), *(name for _, name in suffixes), "other", "number", "negated", BOUNDARY})
    return Vocabulary(
        classes=classes,
        suffixes=suffixes,
        class_ids={name: index for index, name in enumerate(names)},
        function_words=frozenset(word for word, name in classes.items() if name not in _OPEN),
        phrases=_phrases(raw["phrases"]),
        cues=_phrases(raw["cues"]),
    )


def count_phrases(words: Sequence[str], phrases: Mapping[str, tuple[str, ...]]) -> Counter[str]:
    """Count the words that belong to each group; of overlapping phrases the longest counts, with all its words.

    A phrase of three words counts three, so that a count divided by the words is the share of the text it fills.
    """
    found: Counter[str] = Counter()
    position = 0
    while position < len(words):
        length, groups = _longest(words, position, phrases)
        for group in groups:
            found[group] += length
        position += length
    return found


def stem(word: str) -> str:
    """Return the word without its commonest endings, so that forms of one noun or verb count as one."""
    bare = word.removesuffix("'s")
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            return bare[: -len(ending)]
    return bare


def _longest(
    words: Sequence[str], position: int, phrases: Mapping[str, tuple[str, ...]]
) -> tuple[int, tuple[str, ...]]:
    for length in range(min(_LONGEST_PHRASE, len(words) - position), 0, -1):
        groups = phrases.get(" ".join(words[position : position + length]))
        if groups:
            return length, groups
    return 1, ()


def _phrases(raw: Mapping[str, str]) -> Phrases:
    table: Phrases = {}
    for group, listed in raw.items():
        for phrase in listed.split(";"):
            key = phrase.strip()
            table[key] = (*table.get(key, ()), group)
    return table
