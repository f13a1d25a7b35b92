"""Files on this machine: read where they are, never copied or changed."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download.describe import Hints, describe

CAPTION_SUFFIXES = (".vtt", ".srt")
_LANGUAGE = re.compile(r"\.[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")


def fetch_file(source: Source, settings: DownloadSettings) -> Fetched:
    """Describe a local file; captions of the same name beside it belong to it (raises StageError)."""
    path = existing_file(source.uri)
    try:
        return describe(path, Hints(path.name, title=source.title, captions=captions_beside(path)), settings)
    except OSError as error:
        raise StageError("storage", f"{path.name} cannot be read: {error.strerror}") from None


def existing_file(uri: str) -> Path:
    """Return the path of a regular file (raises `not_found`, `unsupported` for a folder or a device)."""
    try:
        path = Path(uri)
        if path.is_file():
            return path
        if path.is_dir():
            raise StageError("unsupported", f"{uri} is a folder; its files are items of their own")
        if path.exists():
            raise StageError("unsupported", f"{uri} is not a regular file")
    except (OSError, ValueError):
        raise StageError("not_found", f"{uri!r} is not a path that can be read") from None
    raise StageError("not_found", f"there is no file {uri}")


def captions_beside(path: Path) -> Path | None:
    """Return the captions that belong to a media file: same stem, .vtt or .srt, perhaps a language tag between.

    `talk.vtt` goes before `talk.srt`, and both before `talk.en.vtt`. A captions file has none of its own.
    """
    if path.suffix.lower() in CAPTION_SUFFIXES:
        return None
    found = [other for other in path.parent.iterdir() if belongs_to(other, path.stem) and other.is_file()]
    return min(
        found, key=lambda other: (other.stem != path.stem, other.suffix.lower() != ".vtt", other.name), default=None
    )


def belongs_to(captions: Path, stem: str) -> bool:
    """Tell whether a captions file's name says that it belongs to a media file with this stem."""
    if captions.suffix.lower() not in CAPTION_SUFFIXES:
        return False
    return captions.stem == stem or (
        captions.stem.startswith(stem) and _LANGUAGE.fullmatch(captions.stem[len(stem) :]) is not None
    )
