"""Reads a transcript as speakers, sentences and words, whether it is punctuated prose or bare recogniser output."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import msgspec

_LABEL = re.compile(
    r"(?:^|(?<=[.!?\"'\n]))[ \t]*(?:[-*>\u2013\u2014]+[ \t]*)?([A-Z][\w.'-]*(?: (?:[A-Z][\w.'-]*|\d+)){0,3})[ \t]*:(?=\s)"
)
_NOISE = re.compile(
    r"[\[(\u266a*]{1,2} ?(?:inaudible|unintelligible|music|applause|laughter|laughs?|silence|noise|crosstalk)[^\])\u266a*\n]{0,20}[\])\u266a*]",
    re.I,
)
_TIME = re.compile(r"[\[(]?\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{3})?[\])]?(?:\s*-->\s*\S+)?(?=\s|$)")
_TAG = re.compile(r"<[^<>\n]{1,80}>|https?://\S+|www\.\S+")
_ABBREVIATION = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|No|approx|([A-Za-z]\.)?[A-Za-z])\.(?=[ \n])")
_STOP = re.compile(r"(?<=[.!?\u2026\u3002\uff01\uff1f])[\"')\]]*\s+|\n\s*\n|[\u3002\uff01\uff1f]")
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]|\d+(?:[.,:]\d+)*%?|(?:(?![\u3040-\u30ff\u3400-\u9fff])[^\W\d_])+(?:['\u2019-][^\W\d_]+|\d+)*"
)
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_WINDOW = 16  # words of a pseudo-sentence where punctuation is missing
_LONGEST = 60  # a longer "sentence" is one whose punctuation is missing


class Text(msgspec.Struct, frozen=True):
    """A transcript as its parts. Words are lower case; a label such as `Host:` is a speaker, not a word.

    Where writing has no spaces (Chinese, Japanese) every sign counts as a word.
    """

    words: tuple[str, ...]
    sentences: tuple[tuple[str, ...], ...]  # pseudo-sentences of 16 words where there is no punctuation
    ended: tuple[bool, ...]  # per sentence: whether the writer's own punctuation or line end closes it
    questions: int
    exclamations: int
    speakers: tuple[str, ...]  # label of each turn, in order
    capitals: int  # words with a capital inside a sentence (names), 0 when the text has no case
    shouted: int  # words of three capitals or more
    noise_marks: int  # [inaudible], [music], ...
    quotes: int
    lines: int
    punctuated: bool
    last_character: str
    trails_off: bool


def read(text: str) -> Text:
    """Return the parts of `text`. Never fails: what is not a word is left out."""
    plain = unicodedata.normalize("NFC", text).translate(_QUOTES)
    plain, noise = _NOISE.subn(" ", plain)
    plain = _TAG.sub(" ", _TIME.sub(" ", plain))
    speakers = _speakers(plain)
    if speakers:
        known = set(speakers)
        plain = _LABEL.sub(lambda match: "\n\n" if match[1] in known else match[0], plain)
    return _parts(plain.strip(), speakers, noise)


def _speakers(plain: str) -> tuple[str, ...]:
    """Labels that stand at a turn's beginning; a label seen only once counts when another one comes back."""
    labels = [match[1] for match in _LABEL.finditer(plain)]
    returning = {label for label in labels if labels.count(label) > 1} if len(labels) < 2000 else set(labels)
    return tuple(labels) if returning and len(labels) >= 3 else ()


def _parts(plain: str, speakers: tuple[str, ...], noise: int) -> Text:
    surfaces = [_WORD.findall(part) for part in _split(plain)]
    surfaces = [words for words in surfaces if words]
    sentences: list[tuple[str, ...]] = []
    ended: list[bool] = []
    for words in surfaces:
        for piece, closes in _pieces([word.lower() for word in words]):
            sentences.append(piece)
            ended.append(closes)
    count = sum(map(len, surfaces))
    stops = sum(plain.count(mark) for mark in ".!?\u3002")
    return Text(
        words=tuple(word for sentence in sentences for word in sentence),
        sentences=tuple(sentences),
        ended=tuple(ended),
        questions=plain.count("?"),
        exclamations=plain.count("!"),
        speakers=speakers,
        capitals=sum(_inner_capitals(words) for words in surfaces),
        shouted=sum(len(word) > 2 and word.isupper() for words in surfaces for word in words),
        noise_marks=noise,
        quotes=plain.count('"'),
        lines=plain.count("\n") + 1,
        punctuated=stops * _LONGEST > count,
        last_character=plain[-1:],
        trails_off=plain.endswith(("..", "\u2026")),
    )


def _split(plain: str) -> list[str]:
    guarded = _ABBREVIATION.sub(lambda match: match[0][:-1], plain)
    return [part for part in _STOP.split(guarded) if part]


def _pieces(words: Sequence[str]) -> list[tuple[tuple[str, ...], bool]]:
    """A sentence as it is, or windows of 16 words when it runs on for more than 60."""
    if len(words) <= _LONGEST:
        return [(tuple(words), True)]
    starts = range(0, len(words), _WINDOW)
    return [(tuple(words[start : start + _WINDOW]), start + _WINDOW >= len(words)) for start in starts]


def _inner_capitals(words: Sequence[str]) -> int:
    return sum(word[0].isupper() and not word.startswith("I'") and word != "I" for word in words[1:])
