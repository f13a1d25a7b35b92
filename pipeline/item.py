"""A content item on its way: where it comes from and what each stage found out about it.

Every type here is a plain value. Stages take one and return the next; the engine carries them along.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

SourceKind = Literal["auto", "inline"]
MediaKind = Literal["video", "audio", "captions", "article", "text"]
TranscriptOrigin = Literal["captions", "speech", "text"]
Dimension = Literal["overall", "coherence", "completeness", "informativeness"]


SILENT_TRACK = 0.95  # share of silence beyond which a sound track is taken for empty


class Source(msgspec.Struct, frozen=True):
    """What a user named: a path or a URL. An entry of a feed that carries its whole text is `inline`."""

    uri: str
    kind: SourceKind = "auto"
    title: str | None = None
    text: str | None = None  # the text of an inline source (HTML already removed)


class Fact(msgspec.Struct, frozen=True):
    """Something known about an item and how far it can be relied on (0..1; a probed duration 1.0)."""

    value: float | int | str | bool
    reliability: float = 1.0


class SoundTrack(msgspec.Struct, frozen=True):
    """One sound track of a media file. `number` counts the file's sound tracks from 1."""

    number: int
    language: str | None = None  # as the file says, such as eng
    title: str | None = None
    is_default: bool = False
    silence_ratio: float | None = None  # 0..1; None where nothing of it can be decoded

    def __str__(self) -> str:
        silent = "silent" if self.silence_ratio is None or self.silence_ratio > SILENT_TRACK else None
        return " ".join(str(part) for part in (self.number, self.language, self.title, silent) if part)


class Fetched(msgspec.Struct, frozen=True):
    """The outcome of the download stage: the content is on this machine and has been probed."""

    content_hash: str  # sha256 of the content, hex: the item's identity
    media_kind: MediaKind
    size_bytes: int
    title: str | None = None
    description: str | None = None
    path: Path | None = None  # media, captions or text file; None when only `text` matters
    text: str | None = None  # of articles and texts
    captions_path: Path | None = None  # captions that belong to a media file (WebVTT or SRT)
    duration_seconds: float | None = None  # of media (probed) and captions (last cue); None for texts
    duration_reliability: float = 1.0  # 1.0 probed from decoded packets, less when only the header claims it
    silence_ratio: float | None = None  # 0..1, share of sampled windows without sound; media only
    sound_track: int = 1  # which of the sound tracks is listened to
    sound_tracks: tuple[SoundTrack, ...] = ()
    url: str | None = None  # after redirects, where it came from the network


class Segment(msgspec.Struct, frozen=True):
    """One timed stretch of a transcript, in seconds from the start."""

    start: float
    end: float
    text: str


class Transcript(msgspec.Struct, frozen=True):
    """Words, where they come from, and how much they can be trusted."""

    text: str
    origin: TranscriptOrigin
    confidence: float  # 0..1: 1.0 for text, captions slightly below, speech from the recogniser's own probabilities
    segments: tuple[Segment, ...] = ()
    language: str | None = None  # ISO 639-1
    language_confidence: float = 0.0


class Scores(msgspec.Struct, frozen=True):
    """Quality of a text, each 0..1. The formulas are in docs/quality.md."""

    overall: float
    coherence: float
    completeness: float
    informativeness: float


class Assessment(msgspec.Struct, frozen=True):
    """What the quality assessment says of a transcript."""

    scores: Scores
    content_type: str
    content_type_confidence: float
    reliability: float  # of the scores: transcript confidence and enough words to judge
    facts: dict[str, Fact]  # further named facts (see pipeline.decisions.facts)
    embedding: tuple[float, ...] = ()  # of the whole text, unit length


class Claim(msgspec.Struct, frozen=True):
    """A checkable statement found in the text."""

    text: str
    confidence: float
    kind: str = "statement"  # number, date, attribution, comparison, statement


class Perspective(msgspec.Struct, frozen=True):
    """A point of view that the text takes or reports."""

    holder: str | None
    text: str
    confidence: float


class Fallacy(msgspec.Struct, frozen=True):
    """A possible fallacy: its name, the words that suggest it."""

    name: str
    text: str
    confidence: float


class Analysis(msgspec.Struct, frozen=True):
    """The outcome of `analysis`: a summary, keywords and claims. `origin` says who made it."""

    summary: str
    keywords: tuple[str, ...]
    claims: tuple[Claim, ...]
    confidence: float
    origin: Literal["heuristics", "llm"] = "heuristics"
    llm_calls: int = 0
    cost_usd: float = 0.0
    count_confidence: float | None = None  # 0..1, of the number of claims; None: as far as `confidence`


class Perspectives(msgspec.Struct, frozen=True):
    """The outcome of `perspective`."""

    perspectives: tuple[Perspective, ...]
    confidence: float
    origin: Literal["heuristics", "llm"] = "heuristics"
    llm_calls: int = 0
    cost_usd: float = 0.0
    count_confidence: float | None = None  # 0..1, of the number of perspectives; None: as far as `confidence`


class Fallacies(msgspec.Struct, frozen=True):
    """The outcome of `fallacy`."""

    fallacies: tuple[Fallacy, ...]
    confidence: float
    origin: Literal["heuristics", "llm"] = "heuristics"
    llm_calls: int = 0
    cost_usd: float = 0.0
    count_confidence: float | None = None  # 0..1, of the number of fallacies; None: as far as `confidence`
