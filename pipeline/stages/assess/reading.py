"""Reads a transcript as speakers, sentences and words, whether it is punctuated prose or bare recogniser output."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import msgspec

from pipeline.words import CLUSTER, UNSPACED, count_words

_LABEL = re.compile(
    r"(?:^|(?<=[.!?\"'\n]))[ \t]*(?:[-*>\u2013\u2014]+[ \t]*)?"  # where a turn can begin
    r"([A-Z][\w.'-]*(?: (?:[A-Z][\w.'-]*|\d+)){0,3})[ \t]*:(?=\s)"
)
_NOISE = re.compile(
    r"[\[(\u266a*]{1,2} ?(?:inaudible|unintelligible|music|applause|laughter|laughs?|silence|noise|crosstalk)"
    r"[^\])\u266a*\n]{0,20}[\])\u266a*]",
    re.IGNORECASE,
)
_TIME = re.compile(  # a cue's time: in brackets, or where a line begins; "at 7:40" in a sentence is left alone
    r"[\[(]\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{3})?[\])]|"
    r"^[ \t]*\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{3})?(?:[ \t]*-->[ \t]*\S+)?(?=\s|$)",
    re.MULTILINE,
)
_TAG = re.compile(r"<[^<>\n]{1,80}>|https?://\S+|www\.\S+")
_ABBREVIATION = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|No|approx|([A-Za-z]\.)?[A-Za-z])\.(?=[ \n])")
# full stops, exclamation and question marks that are no ASCII or have no space after them: Chinese and Japanese, Khmer,
# Myanmar, Devanagari's danda, Arabic
STOPS = "\u3002\uff01\uff1f\uff0e\u17d4\u17d5\u104b\u0964\u0965\u06d4\u061f"
_STOP = re.compile(rf"(?<=[.!?\u2026{STOPS}])[\"')\]]*\s+|\n\s*\n|[{STOPS}]")
_STOP_MARK = re.compile(rf"[.!?\u2026](?=[\"')\]]*(?:\s|$))|[{STOPS}]")
_WORD = re.compile(
    rf"{CLUSTER}|\d+(?:[.,:]\d+)*%?|(?:(?![{UNSPACED}])[^\W\d_])+(?:['\u2019-](?:(?![{UNSPACED}])[^\W\d_])+|\d+)*"
)
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_WINDOW = 16  # words of a pseudo-sentence where punctuation is missing
_SPARSE = 40.0  # words a full stop from which on they are chance
_LONGEST = 60  # a longer "sentence" is one whose punctuation is missing


class Text(msgspec.Struct, frozen=True):
    """A transcript as its parts. Words are lower case; a label such as `Host:` is a speaker, not a word.

    Where writing has no spaces (Chinese, Japanese, Thai, ...) every letter with its marks stands in `words`, since no
    dictionary cuts it; how many words that makes is `word_count`.
    """

    words: tuple[str, ...]
    word_count: int  # as pipeline.words counts
    sentences: tuple[tuple[str, ...], ...]  # pseudo-sentences of 16 words where there is no punctuation
    ended: tuple[bool, ...]  # per sentence: whether the writer's own punctuation or line end closes it
    questions: int
    exclamations: int
    speakers: tuple[str, ...]  # label of each turn, in order
    noise_marks: int  # [inaudible], [music], ...
    quotes: int
    words_per_stop: float  # infinite without any full stop, question or exclamation mark at a word's end
    last_character: str
    trails_off: bool

    @property
    def punctuated(self) -> bool:
        """Whether full stops can be taken for the ends of sentences."""
        return self.words_per_stop <= _SPARSE


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
    """Return the label of each turn; labels count only when there are three and one of them comes back."""
    labels = [match[1] for match in _LABEL.finditer(plain)]
    returning = max(Counter(labels).values(), default=0) > 1
    return tuple(labels) if returning and len(labels) >= 3 else ()


def _parts(plain: str, speakers: tuple[str, ...], noise: int) -> Text:
    guarded = _ABBREVIATION.sub(lambda match: match[0][:-1], plain)
    parts = [_WORD.findall(part.lower()) for part in _STOP.split(guarded) if part]
    pieces = [piece for words in parts if words for piece in _pieces(words)]
    words = tuple(word for sentence, _ in pieces for word in sentence)
    stops, counted = len(_STOP_MARK.findall(guarded)), count_words(" ".join(words))
    return Text(
        words=words,
        word_count=counted,
        sentences=tuple(sentence for sentence, _ in pieces),
        ended=tuple(closes for _, closes in pieces),
        questions=sum(map(plain.count, "?\uff1f\u061f")),
        exclamations=sum(map(plain.count, "!\uff01")),
        speakers=speakers,
        noise_marks=noise,
        quotes=plain.count('"'),
        words_per_stop=counted / stops if stops else math.inf,
        last_character=plain[-1:],
        trails_off=plain.endswith(("..", "\u2026")),
    )


def _pieces(words: Sequence[str]) -> list[tuple[tuple[str, ...], bool]]:
    """Return a sentence as it is, or windows of 16 words when it runs on for more than 60."""
    counted = count_words(" ".join(words))
    if counted <= _LONGEST:
        return [(tuple(words), True)]
    window = round(_WINDOW * len(words) / counted)  # in letters, where those stand for words
    starts = range(0, len(words), window)
    return [(tuple(words[start : start + window]), start + window >= len(words)) for start in starts]
