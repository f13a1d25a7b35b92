"""A file on this machine, whatever it holds, into what the next stages need to know of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.errors import StageError
from pipeline.item import Fetched
from pipeline.settings import DownloadSettings
from pipeline.stages.download.article import extract_article
from pipeline.stages.download.captions import parse_captions
from pipeline.stages.download.media import MIN_PRESENT, Probe, probe
from pipeline.stages.download.sniff import HEAD_BYTES, MEDIA_SUFFIXES, Content, sniff
from pipeline.stages.download.text import MAX_PAGE_BYTES, MAX_TEXT_BYTES, decode_text

_HEADER_ONLY_RELIABILITY = 0.8  # a duration that only the header claims, no packet has a time stamp


class Hints(msgspec.Struct, frozen=True):
    """What is known of a file beside its bytes."""

    name: str  # its name for people, with the extension it claims
    title: str | None = None
    description: str | None = None
    content_type: str = ""
    charset: str | None = None
    url: str | None = None
    captions: Path | None = None


def describe(path: Path, hints: Hints, settings: DownloadSettings) -> Fetched:
    """Look into a file and return what it is (raises StageError).

    The content decides, not the name: a text called .mp3 is a text. `empty` for a file of zero bytes or without
    words, `too_large`, `too_long`, `corrupt` for damaged or truncated media, `unsupported` for what nothing here
    reads.
    """
    size = path.stat().st_size
    if size == 0:
        raise StageError("empty", f"{hints.name} is empty (0 bytes)")
    if size > settings.max_bytes:
        raise StageError("too_large", f"{hints.name} is larger than the limit of {settings.max_bytes:,} bytes")
    content = look(path, hints)
    if content.kind == "media":
        return _media(path, size, hints, settings)
    if content.kind == "captions":
        return _captions(path, size, hints, settings)
    if content.kind == "html":
        return article_of(path, hints)
    if content.kind == "text":
        return _text(path, size, hints)
    raise _not_content(content, hints.name)


def look(path: Path, hints: Hints) -> Content:
    """Sniff a file's kind."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES), Path(hints.name).suffix, hints.content_type)


def article_of(path: Path, hints: Hints) -> Fetched:
    """Return an HTML file as an article (raises `empty` when it has no running text)."""
    article = extract_article(read_bytes(path, hints.name, MAX_PAGE_BYTES), hints.url, hints.charset)
    if not article.text:
        raise StageError("empty", f"{hints.name} is a page without running text")
    return Fetched(
        # Of the text, not of the page: the same article comes with new advertisements every time.
        content_hash=hashlib.sha256(article.text.encode()).hexdigest(),
        media_kind="article",
        size_bytes=path.stat().st_size,
        title=hints.title or article.title or Path(hints.name).stem or None,
        description=hints.description or article.description,
        path=path,
        text=article.text,
        url=hints.url,
    )


def read_bytes(path: Path, name: str, limit: int = MAX_TEXT_BYTES) -> bytes:
    """Read a file of text into memory (raises `too_large`)."""
    if path.stat().st_size > limit:
        raise StageError("too_large", f"{name} is larger than the limit of {limit:,} bytes for its kind")
    return path.read_bytes()


def content_hash(*paths: Path | None) -> str:
    """Return the sha256 (hex) of the bytes of these files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        for chunk in _chunks(path) if path else ():
            digest.update(chunk)
    return digest.hexdigest()


def _media(path: Path, size: int, hints: Hints, settings: DownloadSettings) -> Fetched:
    found = probe(path)
    duration, reliability = _duration(found, hints.name)
    if duration > settings.max_media_seconds:
        limit = settings.max_media_seconds
        raise StageError("too_long", f"{hints.name} lasts {duration:,.0f} s, longer than the limit of {limit:,.0f} s")
    return Fetched(
        content_hash=content_hash(path, hints.captions),
        media_kind=found.kind,
        size_bytes=size,
        title=hints.title or found.title or Path(hints.name).stem or None,
        description=hints.description,
        path=path,
        captions_path=hints.captions,
        duration_seconds=duration,
        duration_reliability=reliability,
        silence_ratio=found.silence_ratio,
        sound_track=found.track,
        sound_tracks=found.tracks,
        url=hints.url,
    )


def _duration(found: Probe, name: str) -> tuple[float, float]:
    """Return seconds and how reliable they are; raise `corrupt` when the file ends long before its header says."""
    if found.duration_seconds <= 0:
        if not found.claimed_seconds:
            raise StageError("corrupt", f"{name} has no sound or pictures that can be read")
        return found.claimed_seconds, _HEADER_ONLY_RELIABILITY
    if found.present < MIN_PRESENT:
        there = f"{found.duration_seconds:.0f} of {found.claimed_seconds:.0f} s"
        raise StageError("corrupt", f"{name} is truncated: {there} are there")
    return found.duration_seconds, 1.0


def _captions(path: Path, size: int, hints: Hints, settings: DownloadSettings) -> Fetched:
    cues = parse_captions(decode_text(read_bytes(path, hints.name), hints.charset))
    if not cues:
        raise StageError("empty", f"{hints.name} holds captions without words")
    duration = max(cue.end for cue in cues)
    if duration > settings.max_media_seconds:
        raise StageError("too_long", f"{hints.name} lasts {duration:,.0f} s, longer than the limit")
    return Fetched(
        content_hash=content_hash(path),
        media_kind="captions",
        size_bytes=size,
        title=hints.title or Path(hints.name).stem or None,
        description=hints.description,
        path=path,
        duration_seconds=duration,
        url=hints.url,
    )


def _text(path: Path, size: int, hints: Hints) -> Fetched:
    text = decode_text(read_bytes(path, hints.name), hints.charset).strip()
    if not text:
        raise StageError("empty", f"{hints.name} holds nothing but white space")
    return Fetched(
        content_hash=content_hash(path),
        media_kind="text",
        size_bytes=size,
        title=hints.title or Path(hints.name).stem or None,
        description=hints.description,
        path=path,
        text=text,
        url=hints.url,
    )


def _not_content(content: Content, name: str) -> StageError:
    if content.kind == "feed":
        return StageError("unsupported", f"{name} is a feed; name it as a source and its entries become the items")
    if content.kind == "playlist":
        return StageError("unsupported", f"{name} is a playlist that only names other files")
    if content.kind == "unknown" and Path(name).suffix.lower() in MEDIA_SUFFIXES:
        return StageError("corrupt", f"{name} is damaged: it does not begin as any media file does")
    return StageError("unsupported", f"{name} is of a kind that cannot be read")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            yield chunk
