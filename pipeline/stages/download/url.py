"""What can be said of a URL without opening it."""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline.errors import StageError

# Sites whose pages hold a video and little else: yt-dlp knows them, an article extractor would find their comments.
VIDEO_HOSTS = (
    "youtube.com",
    "youtu.be",
    "youtube-nocookie.com",
    "vimeo.com",
    "dailymotion.com",
    "dai.ly",
    "twitch.tv",
    "ted.com",
    "soundcloud.com",
    "bandcamp.com",
    "tiktok.com",
    "rumble.com",
    "odysee.com",
    "bitchute.com",
    "streamable.com",
    "media.ccc.de",
)


def is_url(uri: str) -> bool:
    """Tell whether a user's words name something on the network (`scheme://...`) and not a path."""
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme.replace("+", "").isalnum()


def check_url(url: str) -> str:
    """Return the URL if it may be requested (raises `unsupported`): http or https, a host, no credentials in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise StageError("unsupported", "this is not a valid URL") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise StageError("unsupported", f"{parts.scheme}: URLs are not supported, only http and https")
    if not host:
        raise StageError("unsupported", "the URL names no host")
    if "@" in parts.netloc:
        raise StageError("unsupported", f"URLs with a user name or password in them are refused (host {host})")
    return url


def redacted(url: str) -> str:
    """Return the URL without what may be secret (credentials, query, fragment), for messages."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the URL"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def is_video_site(url: str) -> bool:
    """Tell whether the URL belongs to a site that yt-dlp knows and whose pages are videos."""
    host = (urlsplit(url).hostname or "").lower()
    return any(host == site or host.endswith("." + site) for site in VIDEO_HOSTS)


def last_part(url: str) -> str:
    """Return the last part of the path (a file's name, if it is one), or an empty string."""
    return urlsplit(url).path.rpartition("/")[2]
