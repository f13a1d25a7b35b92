"""Captions (WebVTT, SRT) into cues: damaged time lines mended, markup taken out, speakers kept.

Parsers are strict in unlike ways: webvtt-py drops a cue whose time line it cannot read, the `srt` package glues its
text to the cue before. So time lines are found and put into one clean form first; what is left of SRT then needs no
parser.
"""

from __future__ import annotations

import html
import re

import msgspec
import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from pipeline.errors import StageError

MAX_BAD_SHARE = 0.2  # more unreadable time lines than this, and the file is called damaged
MAX_CUE_SECONDS = 7 * 24 * 3600  # a time beyond a week is a damaged number
_MAX_TIME_LINE = 240  # characters, WebVTT's cue settings included
_GUESSED_SECONDS = 2.0  # length of a cue of which neither end nor successor is known

_TIME = r"(?:(\d{1,3})\s*:\s*)?(\d{1,2})\s*:\s*(\d{1,2})(?:\s*[.,:]\s*(\d{1,6}))?"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-+>\s*{_TIME}(?=\s|$)")
_TIME_LIKE = re.compile(r"\d\s*[:.,;]\s*\w.*--+>|--+>.*\d\s*[:.,;]\s*\w|^\s*[\d:.,;\s-]*--+>[\d:.,;\s-]*$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:\s+([^<>]*))?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>|<\d{1,3}:[\d:.]+>|\{\\[^{}\n]*\}")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff]")

Span = tuple[float, float]


class Cue(msgspec.Struct, frozen=True):
    """What is shown from `start` to `end` (seconds): its lines, and who says each one where that is marked."""

    start: float
    end: float
    lines: tuple[tuple[str | None, str], ...]  # (speaker, words)


def parse_captions(text: str) -> list[Cue]:
    """Read WebVTT or SRT (told apart by the first line) into cues in order of time; cues without words are left out.

    A time line that cannot be read gets the gap between its neighbours. Raises `corrupt` when more than a fifth of
    the time lines are unreadable, or when there is none; an empty list means a file without words.
    """
    clean = text.lstrip("\ufeff \t\r\n").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    lines = clean.split("\n")
    spans = _time_lines(lines)
    raw = _read_vtt(lines, spans) if clean.startswith("WEBVTT") else _read_srt(lines, spans)
    cues = (Cue(start, max(start, end), _lines(payload)) for start, end, payload in raw)
    return sorted((cue for cue in cues if cue.lines), key=lambda cue: cue.start)


def _read_vtt(lines: list[str], spans: dict[int, Span]) -> list[tuple[float, float, str]]:
    """Give webvtt-py a file in which every time line is valid and begins a block."""
    clean: list[str] = []
    for number, line in enumerate(lines):
        if number in spans:
            if len(clean) > 1 and clean[-1] and clean[-2]:  # not a cue's identifier, but the words of the cue before
                clean.append("")
            clean.append(" --> ".join(map(_stamp, spans[number])))
        elif line and not line.strip():
            clean.append("\u200b")  # a line of blanks, as automatic captions have them, does not end a cue
        else:
            clean.append(line.replace("-->", "->"))
    try:
        captions = webvtt.from_string("\n".join(clean)).captions
    except (MalformedFileError, MalformedCaptionError, ValueError):
        raise StageError("corrupt", "the captions are not valid WebVTT") from None
    return [
        (caption.start_time.in_milliseconds() / 1000, caption.end_time.in_milliseconds() / 1000, caption.raw_text)
        for caption in captions
    ]


def _read_srt(lines: list[str], spans: dict[int, Span]) -> list[tuple[float, float, str]]:
    """Take as words of a cue what stands between its time line and the number before the next one."""
    if not spans:
        raise StageError("corrupt", "the captions have no time line that can be read")
    found = []
    ends = [*list(spans)[1:], len(lines) + 1]
    for (number, (start, end)), following in zip(spans.items(), ends, strict=True):
        words = lines[number + 1 : following]
        if following <= len(lines) and words and words[-1].strip().isdigit():
            words = words[:-1]
        found.append((start, end, "\n".join(words)))
    return found


def _time_lines(lines: list[str]) -> dict[int, Span]:
    """Find the time lines: line number -> start and end in seconds, unreadable ones mended (raises `corrupt`)."""
    places = [number for number, line in enumerate(lines) if _is_time_line(line)]
    spans = [_span(lines[number]) for number in places]
    bad = spans.count(None)
    if bad > max(1, MAX_BAD_SHARE * len(spans)) or bad == len(spans) > 0:
        raise StageError("corrupt", f"{bad} of {len(spans)} time lines of the captions cannot be read")
    return {number: spans[index] or _gap(spans, index) for index, number in enumerate(places)}


def _is_time_line(line: str) -> bool:
    short = "->" in line and len(line) <= _MAX_TIME_LINE
    return short and bool(_TIMING.match(line) or _TIME_LIKE.search(line))


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


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


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
