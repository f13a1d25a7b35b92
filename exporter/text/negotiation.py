"""Which text format a scraper gets, and whether compressed: by its Accept and Accept-Encoding headers."""

from __future__ import annotations

import msgspec

from exporter.text.textformat import TextFormat

_TEXT = "text/plain; version={}; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text; version={}; charset=utf-8"
_ESCAPING = "; escaping=underscores"  # what UTF-8 names would become; ours have none


class Format(msgspec.Struct, frozen=True):
    """A format and the Content-Type that announces it."""

    text_format: TextFormat
    content_type: str


DEFAULT = Format(TextFormat.CLASSIC, _TEXT.format("0.0.4"))


def choose_format(accept: str) -> Format:
    """Return the format that the scraper likes best; the classic one when it names none that we speak."""
    best, best_quality = DEFAULT, 0.0
    for part in accept.split(","):
        kind, parameters = _parsed(part)
        quality = _quality(parameters.get("q", "1"))
        offered = _offer(kind, parameters)
        if offered is not None and quality > best_quality:
            best, best_quality = offered, quality
    return best


def wants_gzip(accept_encoding: str) -> bool:
    """Tell whether an answer may be compressed with gzip."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.split(","):
        kind, parameters = _parsed(part)
        qualities[kind] = _quality(parameters.get("q", "1"))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _offer(kind: str, parameters: dict[str, str]) -> Format | None:
    version = parameters.get("version", "")
    if kind == "application/openmetrics-text" and version in ("", "0.0.1", "1.0.0"):
        shown = _OPENMETRICS.format(version or "1.0.0")
        return Format(TextFormat.OPENMETRICS, shown + _ESCAPING if version == "1.0.0" else shown)
    if kind == "text/plain" and version in ("", "0.0.4", "1.0.0"):
        return Format(TextFormat.CLASSIC, _TEXT.format("1.0.0") + _ESCAPING) if version == "1.0.0" else DEFAULT
    return DEFAULT if kind in ("*/*", "text/*") else None


def _parsed(part: str) -> tuple[str, dict[str, str]]:
    kind, *rest = part.split(";")
    pairs = (item.split("=", 1) for item in rest if "=" in item)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, value in pairs}


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
