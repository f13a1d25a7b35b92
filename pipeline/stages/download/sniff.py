"""What a file holds, told by its first bytes. Its name decides only where bytes leave it open.

Media are recognised by their magic bytes and are opened with exactly that demuxer. FFmpeg's own guess would also accept
playlists (HLS, DASH, concat), which make it open whatever files and addresses they name.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from pipeline.stages.download.text import decode_head

HEAD_BYTES = 64 * 1024
ContentKind = Literal["media", "captions", "html", "feed", "playlist", "text", "xml", "unknown"]

_MAGIC: tuple[tuple[int, bytes, str], ...] = (  # offset, bytes, demuxer
    (4, b"ftyp", "mp4"),
    (4, b"moov", "mp4"),
    (4, b"mdat", "mp4"),
    (4, b"wide", "mp4"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"FLV\x01", "flv"),
    (0, b"caff", "caf"),
    (0, b"#!AMR", "amr"),
    (0, b".snd", "au"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)
_MEDIA_NAMES = (
    "mp4 m4v m4a mov mkv mka webm avi flv wmv wma mpg mpeg mp3 aac wav ogg oga ogv opus flac aiff aif amr 3gp caf au"
)
MEDIA_SUFFIXES = frozenset(f".{name}" for name in _MEDIA_NAMES.split())
_FORMS = {b"WAVE": "wav", b"AVI ": "avi", b"AIFF": "aiff", b"AIFC": "aiff"}
_TIMING = re.compile(r"^[ \t]*-?\d{1,3}:[^\n]{0,40}-->", re.MULTILINE)
_SRT_BLOCK = re.compile(r"^[ \t]*\d+[ \t]*\r?\n[ \t]*\d[^\n]{0,40}:[^\n]{0,40}-->", re.MULTILINE)
_PICTURES = frozenset(
    (b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1")
)  # still pictures in an MP4's clothes
# Atomic and possessive: a page of a thousand comments must not be read in two to the thousand ways.
_XML_ROOT = re.compile(
    r"(?>\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\])?+[^>]*+>)*+<([A-Za-z][\w:.-]*)", re.DOTALL | re.IGNORECASE
)
_FEED_ROOTS = frozenset({"rss", "feed", "rdf:rdf"})
_HTML_TAGS = re.compile(r"<(?:!doctype\s+html|html|head|body|article|main|div|p|h1|title)\b", re.IGNORECASE)


class Content(msgspec.Struct, frozen=True):
    """The kind of a file's content and, for media, the FFmpeg demuxer that reads it."""

    kind: ContentKind
    demuxer: str | None = None


def sniff(head: bytes, suffix: str = "", content_type: str = "") -> Content:
    """Tell the kind of content from its first bytes (`HEAD_BYTES` are enough).

    `suffix` (with its dot) and the server's `content_type` only tell HTML from text and captions from text where the
    bytes allow both. `unknown` means bytes that nothing here can read.
    """
    demuxer = media_demuxer(head)
    if demuxer is not None:
        return Content("media", demuxer)
    text = decode_head(head)
    if text is None:
        return Content("unknown")
    return Content(_text_kind(text, suffix.lower(), content_type))


def media_demuxer(head: bytes) -> str | None:
    """Name the FFmpeg demuxer for these first bytes, or None when they are not of a known media container."""
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURES:
        return None
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    if head[:4] in (b"RIFF", b"RF64", b"FORM"):
        return _FORMS.get(head[8:12])
    if head[:3] == b"ID3":
        return _after_id3(head)
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "mpegts"
    return _audio_frame(head)


def _after_id3(head: bytes) -> str:
    """Look behind an ID3v2 tag (its size: four bytes of seven bits), where usually an MP3 stream begins."""
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
    return media_demuxer(head[10 + size :]) or "mp3"


def _audio_frame(head: bytes) -> str | None:
    """Recognise a raw MPEG audio or AAC (ADTS) frame header: 11 or 12 sync bits, then fields with legal values."""
    if len(head) < 4 or head[0] != 0xFF or head[:2] in (b"\xff\xfe", b"\xff\xff"):
        return None
    if head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0x0F < 13:
        return "aac"
    layer, bitrate, rate = (head[1] >> 1) & 3, head[2] >> 4, (head[2] >> 2) & 3
    legal = head[1] & 0xE0 == 0xE0 and (head[1] >> 3) & 3 != 1 and layer in (1, 2) and 0 < bitrate < 15 and rate < 3
    return "mp3" if legal else None


def _text_kind(text: str, suffix: str, content_type: str) -> ContentKind:
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("WEBVTT") or _SRT_BLOCK.search(text[:4096]) or _named_captions(text, suffix):
        return "captions"
    if start.startswith("#EXTM3U"):
        return "playlist"
    return _markup_kind(start, suffix, content_type) if start.startswith("<") else "text"


def _named_captions(text: str, suffix: str) -> bool:
    return suffix in (".srt", ".vtt") and _TIMING.search(text) is not None


def _markup_kind(start: str, suffix: str, content_type: str) -> ContentKind:
    found = _XML_ROOT.match(start)
    root = found.group(1).lower() if found else ""
    if root in _FEED_ROOTS:
        return "feed"
    if root == "mpd":
        return "playlist"
    named = suffix in (".html", ".htm", ".xhtml") or "html" in content_type
    if root in ("html", "head", "body") or (named and root) or _HTML_TAGS.match(start):
        return "html"
    return "xml" if start.startswith("<?xml") or root == "svg" else "text"
