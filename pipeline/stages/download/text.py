"""Bytes into text, and markup out of it."""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser

import charset_normalizer

from pipeline.errors import StageError

MAX_TEXT_BYTES = 32 * 1024 * 1024  # texts are read into memory; nobody wrote one longer than this
MAX_PAGE_BYTES = 8 * 1024 * 1024  # a page of this size takes its parser some seconds

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_WHITE = re.compile(r"\s+")
_MAX_CONTROL_SHARE = 0.005
_MAX_FOREIGN_SHARE = 0.3  # of bytes beyond ASCII, in Western languages
_BLOCK_NAMES = (
    "address article blockquote br dd div dl dt figcaption h1 h2 h3 h4 h5 h6 hr li ol p pre section table td th tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HIDDEN = frozenset(("script", "style", "template", "noscript", "head"))


def decode_text(data: bytes, charset: str | None = None) -> str:
    """Decode a text: by its byte order mark, as UTF-8, by `charset`, or by a guess.

    Raises `corrupt` for what is no text.
    """
    for encoding in _candidates(data, charset):
        text = _decoded(data, encoding)
        if text is not None:
            return text
    guess = charset_normalizer.from_bytes(data[:65536]).best()
    text = _decoded(data, guess.encoding) if guess is not None else None
    if text is None:
        raise StageError("corrupt", "the text is in no encoding that can be recognised")
    return text


def decode_head(head: bytes) -> str | None:
    """Decode the first bytes of what may be a text; None when they are not of one."""
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        text = decoder.decode(head)  # a character that is cut in two at the end waits inside the decoder
    except UnicodeDecodeError:
        return _decoded_or_none(head)
    return None if _is_binary(text) else text


def strip_markup(html: str) -> str:
    """Return the words of a piece of HTML: blocks become lines, scripts and styles vanish."""
    stripper = _Stripper()
    stripper.feed(html)
    stripper.close()
    lines = (" ".join(line.split()) for line in "".join(stripper.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _Stripper(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(_WHITE.sub(" ", data))


def _candidates(data: bytes, charset: str | None) -> list[str]:
    marked = [name for bom, name in _BOMS if data.startswith(bom)]
    if marked:
        return marked[:1]
    zeros = data[:4096].count(0)
    if zeros * 4 > len(data[:4096]):  # Latin letters in UTF-16 are half zeros
        return ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    foreign = sum(byte > 127 for byte in data[:4096])
    western = ["cp1252"] if foreign <= _MAX_FOREIGN_SHARE * len(data[:4096]) else []  # guesses mistake it for others
    return ["utf-8", *([charset] if charset else western)]


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    return None if _is_binary(text) else text


def _decoded_or_none(head: bytes) -> str | None:
    try:
        return decode_text(head)
    except StageError:
        return None


def _is_binary(text: str) -> bool:
    return len(_CONTROL.findall(text)) > _MAX_CONTROL_SHARE * len(text)
