"""The download stage: from what a user named to content on this machine, probed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx

from pipeline.errors import StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download.local import fetch_file
from pipeline.stages.download.remote import fetch_url
from pipeline.stages.download.url import is_url


def fetch(source: Source, workdir: Path, settings: DownloadSettings, http: httpx.Client) -> Fetched:
    """Bring one source here and say what it is.

    A local file is read where it is; a URL is downloaded into `workdir` (an existing folder that the caller removes);
    an inline source carries its text. `http` comes from `make_client`. Raises StageError with `not_found`,
    `forbidden_address`, `unsupported`, `too_large`, `too_long`, `timeout`, `network`, `http_status`, `auth`,
    `rate_limited`, `corrupt`, `empty` or `storage`; retryable faults have been retried already.
    """
    if source.kind == "inline":
        return _inline(source)
    if is_url(source.uri):
        return fetch_url(source, workdir, settings, http)
    return fetch_file(source, settings)


def _inline(source: Source) -> Fetched:
    text = (source.text or "").strip()
    if not text:
        raise StageError("empty", f"the entry {source.title or source.uri} has no text")
    data = text.encode()
    return Fetched(
        content_hash=hashlib.sha256(data).hexdigest(),
        media_kind="article",
        size_bytes=len(data),
        title=source.title,
        text=text,
        url=source.uri if is_url(source.uri) else None,
    )
