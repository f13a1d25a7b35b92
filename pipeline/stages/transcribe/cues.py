"""Cues into running text: rolling duplicates merged, a new line where the speaker changes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from pipeline.item import Segment
from pipeline.stages.download.captions import Cue
from pipeline.words import CLUSTER, UNSPACED

ROLLING_SHARE = 0.3  # from this share of cues that repeat the one before, the captions are rolling ones
_ECHO_SECONDS = 0.1  # automatic captions hold the finished line for ten milliseconds

# "INES: Raj, ..." or ">> ...": somebody else begins to speak
_TURN = re.compile(r"^(?:>>|-\s?[A-Z]|[A-Z][\w.'-]{0,24}(?: [\w.'-]{1,24}){0,2}:\s)")

# What captions grow by: a word between spaces; in scripts without spaces a letter, or a mark such as 。
_STOPS = r"\u3001-\u3004\u3008-\u3020\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_PIECE = re.compile(rf"{CLUSTER}|[{_STOPS}]|(?:(?![{UNSPACED}{_STOPS}])\S)+")


def is_rolling(cues: Sequence[Cue]) -> bool:
    """Tell whether captions scroll: each cue shows the last line once more and adds to it, as automatic ones do.

    A cue that only repeats the words of the one before is no sign: people do say things twice.
    """
    pairs = list(itertools.pairwise(cues))
    rolled = sum(_rolls_on(before, after) for before, after in pairs)
    return rolled >= 2 and rolled >= ROLLING_SHARE * len(pairs)


def merged(cues: Sequence[Cue]) -> list[Segment]:
    """Return one segment per cue that says something new, in order, with `Name: ` where a marked speaker begins."""
    return list(_segments(_unrolled(cues) if is_rolling(cues) else cues))


def running_text(segments: Iterable[Segment]) -> str:
    """Join segments: a space between them, a new line where a new speaker begins."""
    text = ""
    for segment in segments:
        text += ("\n" if _TURN.match(segment.text) else " ") + segment.text if text else segment.text
    return text


def _segments(cues: Iterable[Cue]) -> Iterable[Segment]:
    current: str | None = None
    for cue in cues:
        parts: list[str] = []
        for speaker, words in cue.lines:
            changed = speaker is not None and speaker != current
            current = speaker if speaker is not None else current
            if changed and parts:
                yield Segment(cue.start, cue.end, " ".join(parts))
                parts = []
            parts.append(f"{speaker}: {words}" if changed else words)
        yield Segment(cue.start, cue.end, " ".join(parts))


def _rolls_on(before: Cue, after: Cue) -> bool:
    shared = _overlap(before, after)
    return shared > 0 and (shared < len(_pieces(_text(after))) or after.end - after.start < _ECHO_SECONDS)


def _unrolled(cues: Sequence[Cue]) -> Iterable[Cue]:
    """Keep of each cue what the one before did not show yet."""
    shown: Cue | None = None
    for cue in cues:
        text = _text(cue)
        new = list(_PIECE.finditer(text))[_overlap(shown, cue) if shown else 0 :]
        shown = cue
        if new:
            yield Cue(cue.start, cue.end, ((cue.lines[0][0], text[new[0].start() :]),))


def _overlap(before: Cue, after: Cue) -> int:
    """Count the pieces `after` begins and `before` ends with: at least the whole last line of `before`, else 0."""
    old, new = _pieces(_text(before)), _pieces(_text(after))
    least = len(_pieces(before.lines[-1][1]))
    for count in range(min(len(old), len(new)), max(1, least) - 1, -1):
        if old[-count] == new[0] and old[-count:] == new[:count]:
            return count
    return 0


def _text(cue: Cue) -> str:
    return " ".join(line for _, line in cue.lines)


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(text)
