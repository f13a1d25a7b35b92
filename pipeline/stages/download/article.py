"""Articles: the text of a page without what stands around it, by trafilatura."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.stages.download.text import decode_text, strip_markup
from pipeline.stages.download.url import redacted
from pipeline.words import count_words

MIN_WORDS = 80  # a page with less running text than this is not taken for an article at first sight
MIN_WORDS_LAST_RESORT = 25  # but it is when nothing else can be made of it

_VIDEO_META = re.compile(
    r"""<meta[^<>]+(?:property|name)\s*=\s*["'](?:og:video(?::url|:secure_url)?|twitter:player)["']""", re.IGNORECASE
)
_VIDEO_TYPE = re.compile(r"""<meta[^<>]+["']og:type["'][^<>]+["']video""", re.IGNORECASE)
_PLAYER = re.compile(r"<(?:video|audio)\b", re.IGNORECASE)


class Article(msgspec.Struct, frozen=True):
    """What a page says; `text` may be empty."""

    text: str
    title: str | None = None
    description: str | None = None

    @property
    def words(self) -> int:
        """Number of words of the text."""
        return count_words(self.text)


def extract_article(page: bytes, url: str | None = None, charset: str | None = None) -> Article:
    """Return the running text of an HTML page, its title and description (raises `corrupt` for binary data).

    Comments of readers are left out. A page of which trafilatura makes nothing gives an empty text.
    """
    html = decode_text(page, charset or _declared_charset(page))
    found = _extract(html, url)
    if found is None:
        return Article("", title=_title(html))
    return Article((found.text or "").strip(), title=found.title or _title(html), description=found.description or None)


def is_video_page(page: str) -> bool:
    """Tell whether a page says of itself that it is a video's page (Open Graph, Twitter card)."""
    return bool(_VIDEO_META.search(page) or _VIDEO_TYPE.search(page))


def has_player(page: str) -> bool:
    """Tell whether a page holds a video or audio element."""
    return bool(_PLAYER.search(page))


def _extract(html: str, url: str | None) -> Any:
    import lxml.etree  # type: ignore[import-untyped]
    import trafilatura

    place = redacted(url) if url else None  # it logs this
    try:
        return trafilatura.bare_extraction(html, url=place, with_metadata=True, include_comments=False)
    except (lxml.etree.LxmlError, ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError):
        return None  # a page too broken for its parser has no text that could be relied on


def _title(html: str) -> str | None:
    found = re.search(r"<title\b[^<>]*>([^<]{1,1000})</title", html, re.IGNORECASE)
    return strip_markup(found.group(1)) or None if found else None


def _declared_charset(page: bytes) -> str | None:
    found = re.search(rb"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{2,40})""", page[:4096], re.IGNORECASE)
    return found.group(1).decode("ascii") if found else None
