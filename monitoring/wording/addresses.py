"""Addresses of servers that somebody wrote: whether one can be asked, and how to show it."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def is_http_address(text: str) -> bool:
    """Return whether a text names a host to be asked over HTTP, and no impossible port."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # half an IPv6 address, a port that is none
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def without_password(url: str) -> str:
    """Return an address without the user and password it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
