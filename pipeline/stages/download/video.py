"""Videos and podcasts behind a page: yt-dlp finds them, everything it asks for goes through the guarded client."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from pipeline.errors import ErrorType, StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.captions import parse_captions
from pipeline.stages.download.describe import Hints, describe
from pipeline.stages.download.http import save
from pipeline.stages.download.text import decode_text
from pipeline.stages.download.url import redacted

# Extractors that may run (yt-dlp's names, as regular expressions). The rest of its 1,800 sites are pages like any
# other: the generic one finds a player in them if there is one.
EXTRACTORS = (
    "youtube.*",
    "vimeo.*",
    "dailymotion.*",
    "twitch.*",
    "ted.*",
    "soundcloud.*",
    "bandcamp.*",
    "tiktok.*",
    "rumble.*",
    "lbry.*",
    "bitchute.*",
    "streamable.*",
    "media.ccc.de.*",
    "archive.org",
    "peertube.*",
    "applepodcasts",
    "html5",
    "generic",
)
_PROTOCOL = "[protocol~='^(https?|m3u8|m3u8_native|http_dash_segments)$']"
SOCKET_SECONDS = 20.0


def fetch_video(
    source: Source, workdir: Path, settings: DownloadSettings, http: httpx.Client, budget: Budget
) -> Fetched:
    """Download what yt-dlp finds behind a URL, with its captions when some are offered (raises StageError).

    Of several videos on a page the first is taken. Sound without pictures is preferred, then small pictures: what is
    said is all that counts. `unsupported` when there is no video, or only a live stream.
    """
    folder = workdir / f"video-{hashlib.sha256(source.uri.encode()).hexdigest()[:16]}"
    info, path = _download(source.uri, folder, settings, http, budget)
    captions = _captions(info, folder, settings, http, budget)
    hints = Hints(
        path.name,
        title=source.title or info.get("title"),
        description=info.get("description"),
        url=info.get("webpage_url") or source.uri,
        captions=captions,
    )
    fetched = describe(path, hints, settings)
    if fetched.media_kind not in ("video", "audio"):
        raise StageError("unsupported", f"{redacted(source.uri)} leads to something that is neither video nor audio")
    return fetched


def _download(
    url: str, folder: Path, settings: DownloadSettings, http: httpx.Client, budget: Budget
) -> tuple[dict[str, Any], Path]:
    # Imported here: only pages with videos need it.
    from yt_dlp.utils import YoutubeDLError

    from pipeline.stages.download.ytdlp_handler import GuardedYoutubeDL

    with GuardedYoutubeDL(_options(folder, settings, budget), http, budget, settings.max_redirects) as downloader:
        handler = downloader.guarded_handler
        try:
            found = downloader.extract_info(url, download=True)
        except YoutubeDLError as error:
            raise _fault(error, handler.fault, url) from None
        except OSError as error:
            raise StageError("storage", f"the download could not be written: {error.strerror}") from None
        info = _first(downloader.sanitize_info(found))
    files = [Path(item["filepath"]) for item in info.get("requested_downloads") or () if item.get("filepath")]
    if not files or not files[0].is_file():
        raise handler.fault or _no_video(url)
    return info, files[0]


def _options(folder: Path, settings: DownloadSettings, budget: Budget) -> dict[str, Any]:
    attempts = max(0, settings.attempts - 1)
    waits = {kind: _backoff(budget) for kind in ("http", "fragment", "extractor", "file_access")}
    return {
        "paths": {"home": str(folder)},
        "outtmpl": {"default": "media.%(ext)s"},
        "format": f"ba{_PROTOCOL}/b{_PROTOCOL}[height<=480]/b{_PROTOCOL}",
        "format_sort": ["lang", "proto", "abr~64", "+res", "+size"],
        "allowed_extractors": list(EXTRACTORS),
        "noplaylist": True,
        "playlist_items": "1",
        "match_filter": acceptable(settings),
        "retries": attempts,
        "fragment_retries": attempts,
        "extractor_retries": attempts,
        "skip_unavailable_fragments": False,
        "retry_sleep_functions": waits,
        "socket_timeout": SOCKET_SECONDS,
        "proxy": "",
        "hls_prefer_native": True,
        "ffmpeg_location": str(folder / "no-ffmpeg"),  # nothing to find there: no other program does downloads
        "fixup": "never",
        "cachedir": False,
        "nopart": True,
        "continuedl": False,
        "updatetime": False,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": _Silence(),
    }


def acceptable(settings: DownloadSettings) -> Callable[..., None]:
    """Return yt-dlp's filter: it looks at what an extractor found before anything is downloaded."""

    def check(info: Mapping[str, Any], *, incomplete: bool = False) -> None:  # noqa: ARG001 - yt-dlp passes it
        if info.get("is_live") or info.get("live_status") == "is_upcoming":
            raise StageError("unsupported", "this is a live stream; it can be fetched when it has ended")
        if (info.get("duration") or 0) > settings.max_media_seconds:
            limit = f"{settings.max_media_seconds:,.0f} s"
            raise StageError("too_long", f"the video lasts {info['duration']:,.0f} s, longer than the limit of {limit}")

    return check


def _backoff(budget: Budget) -> Callable[[int], float]:
    """Return yt-dlp's wait before try number `n` (seconds): growing, jittered, within the budget."""
    return lambda n: min(5.0, 0.2 * 2**n + random.uniform(0, 0.5), budget.seconds_left())  # noqa: S311 - no secret


def _fault(error: Exception, met: StageError | None, url: str) -> StageError:
    """Choose the error to report: the one our handler met, else what yt-dlp's exception stands for."""
    from yt_dlp.networking.exceptions import HTTPError

    cause = getattr(error, "exc_info", (None, error))[1] or error
    for known in (cause, getattr(cause, "cause", None), getattr(cause, "__cause__", None)):
        if isinstance(known, HTTPError):
            return _status(int(known.status), url)
    return met or _no_video(url)


def _status(status: int, url: str) -> StageError:
    types: dict[int, ErrorType] = {401: "auth", 403: "auth", 404: "not_found", 410: "not_found", 429: "rate_limited"}
    retryable = status in (429, 500, 502, 503, 504)
    text = f"{redacted(url)}: the site answered with HTTP status {status}"
    return StageError(types.get(status, "http_status"), text, retryable=retryable)


def _no_video(url: str) -> StageError:
    return StageError("unsupported", f"no video or audio was found behind {redacted(url)}")


def _first(info: Any) -> dict[str, Any]:
    """Return the entry itself, or the first of a playlist."""
    while info and info.get("entries") is not None:
        info = next((entry for entry in info["entries"] if entry), None)
    return dict(info or {})


def _captions(
    info: Mapping[str, Any], folder: Path, settings: DownloadSettings, http: httpx.Client, budget: Budget
) -> Path | None:
    """Fetch the best captions offered; captions that cannot be had or read are no reason to fail."""
    track = best_captions(info)
    if track is None:
        return None
    try:
        path = save(http, track, folder, settings, budget).path
        return path if parse_captions(decode_text(path.read_bytes())) else None
    except StageError:
        budget.check_time()
        return None


def best_captions(info: Mapping[str, Any]) -> str | None:
    """Choose a captions URL from yt-dlp's info: written by people before automatic, in the spoken language.

    Automatic captions are taken only in the language that is spoken (yt-dlp marks it `-orig`): all others are
    translations by machine.
    """
    spoken = str(info.get("language") or "").split("-")[0]
    manual = info.get("subtitles") or {}
    for language in sorted(manual, key=lambda name: (name.split("-")[0] != spoken, name.split("-")[0] != "en", name)):
        if language != "live_chat" and (url := _track_url(manual[language])):
            return url
    automatic = info.get("automatic_captions") or {}
    original = [name for name in automatic if name.endswith("-orig")] or [name for name in automatic if name == spoken]
    return next((url for name in original if (url := _track_url(automatic[name]))), None)


def _track_url(formats: list[Mapping[str, Any]]) -> str | None:
    found = [item for item in formats if item.get("url") and item.get("ext") in ("vtt", "srt")]
    # A track in segments (HLS) would need to be put together; the plain ones do without.
    plain = [item for item in found if "m3u8" not in str(item.get("protocol") or item["url"])]
    return str(min(plain, key=lambda item: item["ext"] != "vtt")["url"]) if plain else None


class _Silence:
    """Takes yt-dlp's messages and drops them: they hold URLs with tokens, and nobody reads them."""

    def debug(self, message: str) -> None:
        """Drop."""

    info = warning = error = debug
