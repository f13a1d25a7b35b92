"""Captions (WebVTT, SRT) into cues: damaged time lines mended, markup taken out, speakers kept.

Parsers are strict in unlike ways: webvtt-py drops a cue whose time line it cannot read, and words after a blank line;
the `srt` package glues the text of an unreadable cue to the one before. So time lines are found first, by patterns of
our own; what is left needs no parser, and every line with words is in a cue or counted as dropped.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator

import msgspec

from pipeline.errors import StageError
from pipeline.words import count_words, has_words

MAX_BAD_SHARE = 0.2  # more unreadable time lines than this, and the file is called damaged
MAX_CUE_SECONDS = 7 * 24 * 3600  # a time beyond a week is a damaged number
_MAX_TIME_LINE = 240  # characters, WebVTT's cue settings included
_GUESSED_SECONDS = 2.0  # length of a cue of which neither end nor successor is known

_TIME = r"(?:(\d{1,3})\s*:\s*)?(\d{1,2})\s*:\s*(\d{1,2})(?:\s*[.,:]\s*(\d{1,6}))?"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-+>\s*{_TIME}(?=\s|$)")
_TIME_LIKE = re.compile(r"\d\s*[:.,;]\s*\w.*--+>|--+>.*\d\s*[:.,;]\s*\w|^\s*[\d:.,;\s-]*--+>[\d:.,;\s-]*$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:\s+([^<>]*))?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>|<\d{1,3}:[\d:.]+>|\{\\[^{}\n]*\}")
_NO_WORDS = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")  # how WebVTT's other blocks begin
# what may stand on a time line beside the times
_SETTING = re.compile(r"\b(?:vertical|line|position|size|align|region)\s*:\s*\S+", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff]")

Span = tuple[float, float]


class Cue(msgspec.Struct, frozen=True):
    """What is shown from `start` to `end` (seconds): its lines, and who says each one where that is marked."""

    start: float
    end: float
    lines: tuple[tuple[str | None, str], ...]  # (speaker, words)


class Captions(msgspec.Struct, frozen=True):
    """What a file of captions holds. `dropped_words`: words that belong to no time line, and so to no cue."""

    cues: list[Cue]
    dropped_words: int = 0


def parse_captions(text: str) -> list[Cue]:
    """Return the cues of `read_captions`."""
    return read_captions(text).cues


def read_captions(text: str) -> Captions:
    """Read WebVTT or SRT (told apart by the first line) into cues in order of time; cues without words are left out.

    A blank line between a time line and its words, or among the words, does not lose them. A time line that cannot be
    read gets the gap between its neighbours. Raises `corrupt` when more than a fifth of the time lines are unreadable,
    or when there is none in SRT; no cues means a file without words.
    """
    clean = text.lstrip("\ufeff \t\r\n").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    lines = clean.split("\n")
    spans = _time_lines(lines)
    raw, dropped = _read_vtt(lines, spans) if clean.startswith("WEBVTT") else _read_srt(lines, spans)
    cues = (Cue(*span, _lines("\n".join(payload))) for span, payload in raw)
    return Captions(
        sorted((cue for cue in cues if cue.lines), key=lambda cue: cue.start),
        sum(count_words(_plain(line)) for line in (*dropped, *(_words_beside(lines[number]) for number in spans))),
    )


def _read_vtt(lines: list[str], spans: dict[int, Span]) -> tuple[list[tuple[Span, list[str]]], list[str]]:
    """Return each cue's span and lines, and the lines that belong to none.

    Comments, styles and identifiers are no words; a comment ends at a time line. A block without a time line goes on
    with the cue before it: a blank line stands where none belongs.
    """
    found: list[tuple[Span, list[str]]] = []
    dropped: list[str] = []
    numbered = _is_numbered(lines, spans)
    blocks = list(_blocks(lines))
    open_cue: list[str] | None = None  # takes what comes after it
    for place, block in enumerate(blocks):
        timed = [number for number in block if number in spans]
        head = next((lines[number] for number in block if lines[number].strip()), "")
        if place and _NO_WORDS.match(head):
            open_cue = None
            block = timed and block[block.index(timed[0]) :]
        if not block:
            continue
        before = [lines[number] for number in block if not timed or number < timed[0]]
        if place and timed:
            before = before[:-1]  # the line above a time line is the cue's name
        elif place and _is_number(before) and place + 1 < len(blocks) and blocks[place + 1][0] in spans:
            before = []
        if place:  # the first block is the file's head
            (dropped if open_cue is None else open_cue).extend(before)
        for number, following in itertools.pairwise([*timed, block[-1] + 1]):
            open_cue = [line.replace("-->", "->") for line in lines[number + 1 : following]]
            if numbered and following in spans and _is_number(open_cue[-1:]):
                open_cue.pop()
            found.append((spans[number], open_cue))
    return found, dropped


def _blocks(lines: list[str]) -> Iterator[list[int]]:
    """Yield the numbers of lines that stand together; a line of blanks, as automatic captions have, parts nothing."""
    for empty, numbers in itertools.groupby(range(len(lines)), key=lambda number: not lines[number]):
        if not empty:
            yield list(numbers)


def _is_numbered(lines: list[str], spans: dict[int, Span]) -> bool:
    """Tell whether a number stands above the first time line: then one stands above each."""
    first = next(iter(spans), 0)
    return first > 0 and _is_number([lines[first - 1]])


def _is_number(lines: list[str]) -> bool:
    return len(lines) == 1 and lines[0].strip().isdigit()


def _read_srt(lines: list[str], spans: dict[int, Span]) -> tuple[list[tuple[Span, list[str]]], list[str]]:
    """Take as words of a cue what stands between its time line and the number above the next one."""
    if not spans:
        raise StageError("corrupt", "the captions have no time line that can be read")
    found = []
    numbered = _is_numbered(lines, spans)
    ends = [*list(spans)[1:], len(lines) + 1]
    for (number, span), following in zip(spans.items(), ends, strict=True):
        words = lines[number + 1 : following]
        if numbered and following <= len(lines) and _is_number(words[-1:]):
            words = words[:-1]
        found.append((span, words))
    first = next(iter(spans))
    return found, lines[: first - numbered]


def _time_lines(lines: list[str]) -> dict[int, Span]:
    """Find the time lines: line number -> start and end in seconds, unreadable ones mended (raises `corrupt`)."""
    places = list(_places(lines))
    spans = [_span(lines[number]) for number in places]
    bad = spans.count(None)
    if bad > max(1, MAX_BAD_SHARE * len(spans)) or bad == len(spans) > 0:
        raise StageError("corrupt", f"{bad} of {len(spans)} time lines of the captions cannot be read")
    return {number: spans[index] or _gap(spans, index) for index, number in enumerate(places)}


def _places(lines: list[str]) -> Iterator[int]:
    """Yield the numbers of the time lines.

    What looks like one among the words of a cue and has words in it is none: `at 5.30 we go --> home`. Nor is what
    stands right below a time line and cannot be read as one.
    """
    among_words = False  # of a cue that no blank line has ended
    above: int | None = None
    for number, line in enumerate(lines):
        if _looks_like_times(line):
            below = above is not None and above == number - 1 and not _TIMING.match(line)
            if not (below or (among_words and _words_beside(line))):
                above, among_words = number, True
                yield number
        elif not line or _is_number([line]):
            among_words = False


def _looks_like_times(line: str) -> bool:
    short = "->" in line and len(line) <= _MAX_TIME_LINE and not _NO_WORDS.match(line)
    return short and bool(_TIMING.match(line) or _TIME_LIKE.search(line))


def _words_beside(line: str) -> str:
    """Return the words of a time line that are neither times, damaged ones included, nor settings."""
    words = _SETTING.sub(" ", line).split()
    return " ".join(word for word in words if has_words(word) and not re.search(r"[\d:]", word))


def _span(line: str) -> Span | None:
    found = _TIMING.match(line)
    if not found:
        return None
    start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
    if start is None or end is None:
        return None
    return start, max(start, end)


def _seconds(parts: tuple[str | None, ...]) -> float | None:
    hours, minutes, seconds = (int(part or 0) for part in parts[:3])
    if minutes > 59 or seconds > 59:
        return None
    total = hours * 3600 + minutes * 60 + seconds + float(f"0.{parts[3] or 0}")
    return total if total <= MAX_CUE_SECONDS else None


def _gap(spans: list[Span | None], index: int) -> Span:
    """Return the time between the nearest readable neighbours of an unreadable time line."""
    start = next((span[1] for span in reversed(spans[:index]) if span), 0.0)
    end = next((span[0] for span in spans[index + 1 :] if span), start + _GUESSED_SECONDS)
    return start, max(start, end)


def _lines(payload: str) -> tuple[tuple[str | None, str], ...]:
    """Take markup out of a cue; a voice span (`<v Name>`) begins a line of its own that carries the name."""
    found: list[tuple[str | None, str]] = []
    speaker: str | None = None
    for line in payload.replace("\\N", "\n").replace("\\h", " ").split("\n"):
        pieces = _VOICE.split(line)
        found.extend(_said(speaker, pieces[0]))
        for name, words in zip(pieces[1::2], pieces[2::2], strict=True):
            speaker = _plain(name or "") or None
            found.extend(_said(speaker, words))
    return tuple(found)


def _said(speaker: str | None, words: str) -> list[tuple[str | None, str]]:
    plain = _plain(words)
    return [(speaker, plain)] if plain else []


def _plain(words: str) -> str:
    """Return words without tags, entities and invisible characters, white space made single."""
    return " ".join(_INVISIBLE.sub("", html.unescape(_TAG.sub("", words))).split())
