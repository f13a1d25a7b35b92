"""Feeds (RSS, Atom): one source per entry."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import structlog

from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.stages.download.text import strip_markup
from pipeline.stages.download.url import check_url, is_url
from pipeline.words import count_words

MIN_INLINE_WORDS = 50  # from here on an entry's text is taken for the content and not for a teaser

Locate = Callable[[str], str | None]  # a link of an entry -> what may be fetched, or None


def entries_of(data: bytes, feed: str, locate: Locate, max_items: int) -> Iterator[Source]:
    """Yield a source for each of the first `max_items` entries of a feed.

    An audio or video enclosure is the content of its entry (the text beside it is a show note); else a text of 50
    words or more; else another enclosure or the link. An entry without any of these is skipped, which is logged.
    Raises `corrupt` when the data are no feed, `empty` when it has no entries.
    """
    for number, entry in enumerate(_parsed(data)[:max_items], start=1):
        source = _source(entry, f"{feed}#{number}", locate)
        if source is None:
            structlog.get_logger().warning("feed_entry_skipped", entry=number, reason="no text and no usable link")
        else:
            yield source


def beside(folder: Path) -> Locate:
    """Return the rule for links in a local feed: URLs, and files inside the feed's own folder and nowhere else.

    A feed may come from strangers; it must not be able to name the user's other files.
    """
    root = folder.resolve()

    def locate(link: str) -> str | None:
        if is_url(link):
            return _web_address(link)
        path = (root / link).resolve()
        return str(folder / path.relative_to(root)) if path.is_relative_to(root) else None

    return locate


def online(feed_url: str) -> Locate:
    """Return the rule for links in a feed from the network: http and https, relative ones against the feed's URL."""

    def locate(link: str) -> str | None:
        try:
            return _web_address(urljoin(feed_url, link))
        except ValueError:  # such as a bracket that is not closed
            return None

    return locate


def _parsed(data: bytes) -> list[Any]:
    import feedparser

    try:
        # A stream, never the bytes themselves: feedparser takes those for a file's name or a URL first.
        found = feedparser.parse(io.BytesIO(data), resolve_relative_uris=False)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise StageError("corrupt", "the feed cannot be read") from None
    if not found.entries and (found.bozo or not found.get("version")):
        raise StageError("corrupt", "this is not a feed that can be read")
    if not found.entries:
        raise StageError("empty", "the feed has no entries")
    return list(found.entries)


def _source(entry: Any, fallback_uri: str, locate: Locate) -> Source | None:
    title = strip_markup(entry.get("title") or "") or None
    enclosures = [item for item in entry.get("enclosures", []) if item.get("href")]
    played = [item["href"] for item in enclosures if str(item.get("type", "")).startswith(("audio/", "video/"))]
    link = _first_usable(played, locate)
    if link:
        return Source(uri=link, title=title)
    text = _text(entry)
    other = _first_usable([*(item["href"] for item in enclosures), entry.get("link")], locate)
    if count_words(text) >= MIN_INLINE_WORDS:
        return Source(uri=other or fallback_uri, kind="inline", title=title, text=text)
    return Source(uri=other, title=title) if other else None


def _text(entry: Any) -> str:
    """Return the longest of the entry's texts, without markup."""
    texts = [item.get("value") or "" for item in entry.get("content", [])]
    return max((strip_markup(text) for text in [*texts, entry.get("summary") or ""]), key=len)


def _first_usable(links: list[str | None], locate: Locate) -> str | None:
    return next((place for link in links if link and (place := locate(link))), None)


def _web_address(link: str) -> str | None:
    try:
        return check_url(link)
    except StageError:
        return None
