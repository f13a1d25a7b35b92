"""From what a user names to single sources: folders into files, feeds into entries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx

from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.feed import beside, entries_of, online
from pipeline.stages.download.http import body, opened
from pipeline.stages.download.local import CAPTION_SUFFIXES, belongs_to
from pipeline.stages.download.retry import with_retries
from pipeline.stages.download.sniff import HEAD_BYTES, MEDIA_SUFFIXES, sniff
from pipeline.stages.download.text import MAX_TEXT_BYTES
from pipeline.stages.download.url import check_url, is_url, is_video_site, last_part

PROBE_SECONDS = 30.0  # longest look at a URL to see whether it is a feed
_FEED_SUFFIXES = frozenset((".xml", ".rss", ".atom"))
_TEXT_SUFFIXES = frozenset((".txt", ".html", ".htm", ".xhtml", *CAPTION_SUFFIXES))


def expand(uri: str, settings: DownloadSettings, http: httpx.Client) -> Iterator[Source]:
    """Yield the sources behind what a user named, each once.

    A file is itself. A folder gives its files, sorted, with those of its folders; hidden files, captions that belong
    to a media file beside them and files without content (by their extension) are left out. A feed gives its first
    `max_feed_items` entries. A URL that is no feed, or cannot be reached now, is itself: what is wrong with it is
    found out, and counted, when it is fetched.

    Raises StageError: `not_found` for a path that is not there, `empty` for a folder without content, `corrupt` for
    a local feed that cannot be read, `unsupported` for a URL that is not http or https.
    """
    if is_url(uri):
        yield from _once(_from_url(check_url(uri), settings, http))
        return
    path = Path(uri)
    if _is_folder(path, uri):
        yield from _once(_from_folder(path, settings))
    else:
        yield from _from_file(path, settings)


def _is_folder(path: Path, uri: str) -> bool:
    if not os.path.lexists(path) or "\0" in uri:
        raise StageError("not_found", f"there is no file or folder {uri}")
    return path.is_dir()


def _from_folder(folder: Path, settings: DownloadSettings) -> Iterator[Source]:
    found = False
    for path in _files(folder):
        found = True
        try:
            yield from _from_file(path, settings)
        except StageError:  # a feed that cannot be read fails by itself and does not stop the files beside it
            yield Source(uri=str(path))
    if not found:
        raise StageError("empty", f"the folder {folder} holds nothing that can be processed")


def _files(folder: Path) -> Iterator[Path]:
    """Walk a folder in sorted order (links to folders are not followed) and yield what has content."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        stems = {Path(name).stem for name in names if Path(name).suffix.lower() in MEDIA_SUFFIXES}
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and _has_content(path) and not _belongs_to_any(path, stems):
                yield path


def _has_content(path: Path) -> bool:
    """Tell by the extension; a file without a known one counts when its first bytes are those of media."""
    suffix = path.suffix.lower()
    if suffix in MEDIA_SUFFIXES or suffix in _TEXT_SUFFIXES:
        return True
    kind = _kind(path)
    return kind == "feed" if suffix in _FEED_SUFFIXES else kind == "media"


def _belongs_to_any(path: Path, stems: set[str]) -> bool:
    if path.suffix.lower() not in CAPTION_SUFFIXES:
        return False
    # `talk.en.vtt` belongs to `talk.mp4`: both its stem and what is left of that without the tag are looked up
    return any(belongs_to(path, stem) for stem in {path.stem, path.stem.rpartition(".")[0]} & stems)


def _from_file(path: Path, settings: DownloadSettings) -> Iterator[Source]:
    if path.suffix.lower() in _FEED_SUFFIXES and _kind(path) == "feed":
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise StageError("too_large", f"the feed {path.name} is larger than {MAX_TEXT_BYTES:,} bytes")
        yield from entries_of(path.read_bytes(), str(path), beside(path.parent), settings.max_feed_items)
    else:
        yield Source(uri=str(path))


def _kind(path: Path) -> str:
    try:
        if not path.is_file():  # a pipe or a device would keep us waiting
            return "unknown"
        with path.open("rb") as file:
            return sniff(file.read(HEAD_BYTES), path.suffix).kind
    except OSError:
        return "unknown"


def _from_url(url: str, settings: DownloadSettings, http: httpx.Client) -> Iterator[Source]:
    suffix = Path(last_part(url)).suffix.lower()
    known = is_video_site(url) or suffix in MEDIA_SUFFIXES or suffix in (*CAPTION_SUFFIXES, ".txt")
    feed = None if known else _feed_at(url, settings, http)
    if feed is None:
        yield Source(uri=url)
    else:
        yield from entries_of(feed[1], feed[0], online(feed[0]), settings.max_feed_items)


def _feed_at(url: str, settings: DownloadSettings, http: httpx.Client) -> tuple[str, bytes] | None:
    """Return a feed's final URL and its bytes; None when it is no feed, which is known after its first bytes."""
    budget = Budget(MAX_TEXT_BYTES, min(PROBE_SECONDS, settings.max_seconds))
    try:
        return with_retries(lambda: _read_feed(url, http, budget), settings.attempts, budget)
    except StageError:
        return None


def _read_feed(url: str, http: httpx.Client, budget: Budget) -> tuple[str, bytes] | None:
    data = b""
    with opened(http, url, budget) as response:
        if response.headers.get("Content-Type", "").startswith(("audio/", "video/", "image/")):
            return None
        pieces = body(response, budget)
        for piece in pieces:
            data += piece
            if len(data) >= 4096 and sniff(data, "", "").kind != "feed":
                return None
        return (str(response.url), data) if sniff(data[:HEAD_BYTES]).kind == "feed" else None


def _once(sources: Iterator[Source]) -> Iterator[Source]:
    """Drop what was named before: a feed beside the files that it lists names them a second time."""
    seen: set[tuple[str, str | None]] = set()
    for source in sources:
        key = (source.uri, source.text)
        if key not in seen:
            seen.add(key)
            yield source
