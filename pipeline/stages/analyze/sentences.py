"""Sentences with their speakers: what every heuristic of the analysis looks at.

Two kinds of text come in: prose with punctuation, and transcripts that may have speaker labels ("Dr. Nwosu: ...") or
no punctuation at all. Both become a list of sentences short enough to quote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

LONGEST_WORDS = 80  # a longer "sentence" is unpunctuated speech, and is cut into stretches of CHUNK_WORDS
CHUNK_WORDS = 30
LONGEST_CHARS = 1200  # the same for scripts that put no spaces between words
CHUNK_CHARS = 300

_NAME = r"[A-Z][\w.'-]*(?: (?:of|from|the|[A-Z0-9(][\w.')-]*)){0,3}|[A-Z]"
_LABEL = re.compile(
    rf"(?:^|(?<=[.!?…\"')\]]))[ \t]*(?:>>[ \t]*)?(?:\*\*)?({_NAME})(?:\*\*)?[ \t]*:(?:\*\*)?[ \t]+", re.M
)
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_NOT_SPEAKERS = frozenset(
    _WORD.findall(
        """note warning tip example examples step question answer update source ps caution hint summary figure table
    chapter part section ingredients method remember result results conclusion here later today yes no"""
    )
)
_CAPITAL = r"(?=[\"'(\[]?[A-Z0-9À-ÖØ-Þ])"
_STOPS = "\u3002\uff01\uff1f\u17d4\u17d5\u104b\u0964\u0965\u06d4\u061f"  # after which no space has to stand
_ENDS = rf"[.!?…]+[\"')\]]*\s+{{start}}|[{_STOPS}]+|\n\s*\n|\n(?=\s*[-*•]\s)"
_END = re.compile(_ENDS.format(start=_CAPITAL))
_ANY_END = re.compile(_ENDS.format(start=""))  # for transcripts whose sentences begin in lower case
_SMALL_START = re.compile(r"[.!?…]\s+[a-z]")
_CAPITAL_START = re.compile(rf"[.!?…]\s+{_CAPITAL}")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sgt|Capt|Gen|Rev|Hon|Sen|Rep|Gov|vs|No|Inc|Ltd|"
    r"Co|Corp|Jr|Sr|Fig|approx|e\.g|i\.e|cf)"
    r"|\b[A-Z](?:\.[A-Z])*)\.$"
)

POLITENESS = re.compile(
    r"\b(?:welcome (?:back|to)|thank(?:s| you)\b|good (?:morning|evening|afternoon)|"
    r"subscribe|sponsor|hello|my name is|"
    r"joining us|see you (?:next|again)|stay tuned|like and share)",
    re.I,
)


class Sentence(msgspec.Struct, frozen=True):
    """One sentence, who says it (when the text labels its speakers) and where it stands (0 first .. 1 last)."""

    text: str
    speaker: str | None = None
    position: float = 0.0


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case, with inner apostrophes and hyphens kept."""
    return _WORD.findall(text.lower())


def encodable(text: str) -> str:
    """Replace what UTF-8 cannot hold (lone surrogates of damaged captions), which no library takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def straight(text: str) -> str:
    """Return the text with typewriter quotes and apostrophes, so that patterns need one form only."""
    return text.translate(_STRAIGHT)


def split(text: str) -> list[Sentence]:
    """Return the sentences of a text in order, with straight quotes; speaker labels are kept as `speaker`."""
    text = straight(encodable(text))
    end = _ANY_END if len(_SMALL_START.findall(text)) > len(_CAPITAL_START.findall(text)) else _END
    found = [
        (sentence, speaker)
        for speaker, turn in turns(text)
        for part in _parts(turn, end)
        for sentence in _quotable(part)
    ]
    last = max(len(found) - 1, 1)
    return [Sentence(sentence, speaker, index / last) for index, (sentence, speaker) in enumerate(found)]


def turns(text: str) -> list[tuple[str | None, str]]:
    """Return (speaker, what is said) in order; one turn without a speaker when the text has no labels."""
    speakers = _speakers(text)
    labels = [match for match in _LABEL.finditer(text) if match[1].strip() in speakers]
    starts = [0, *(match.end() for match in labels)]
    ends = [*(match.start() for match in labels), len(text)]
    names = [None, *(match[1].strip() for match in labels)]
    return [
        (name, text[start:end]) for name, start, end in zip(names, starts, ends, strict=True) if text[start:end].strip()
    ]


def unlabelled(text: str) -> str:
    """Return the text without its speaker labels."""
    return "\n".join(turn for _, turn in turns(text))


def _speakers(text: str) -> frozenset[str]:
    """Names that label turns: said at least twice, or once beside others that are."""
    counts = Counter(match[1].strip() for match in _LABEL.finditer(text))
    names = {
        name for name in counts if name.lower().rstrip("s") not in _NOT_SPEAKERS and name.lower() not in _NOT_SPEAKERS
    }
    regular = {name for name in names if counts[name] >= 2}
    return frozenset(names if regular else ())


def _parts(text: str, end: re.Pattern[str]) -> Iterator[str]:
    start = 0
    for match in end.finditer(text):
        candidate = text[start : match.end()]
        if _ABBREVIATION.search(candidate.rstrip()) and not match[0].isspace():
            continue
        yield candidate
        start = match.end()
    yield text[start:]


def _quotable(part: str) -> Iterator[str]:
    """Give the part with its white space evened out, cut into stretches if it is far too long for a sentence."""
    tokens = part.split()
    if len(tokens) > LONGEST_WORDS:
        for index in range(0, len(tokens), CHUNK_WORDS):
            yield from _quotable(" ".join(tokens[index : index + CHUNK_WORDS]))
        return
    sentence = " ".join(tokens).removeprefix("- ").removeprefix("* ").removeprefix("• ")
    if len(sentence) > LONGEST_CHARS:
        yield from (sentence[index : index + CHUNK_CHARS] for index in range(0, len(sentence), CHUNK_CHARS))
    elif sentence:
        yield sentence
