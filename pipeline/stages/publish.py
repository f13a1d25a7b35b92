"""A finished item, posted to a Discord channel by webhook: one embed within Discord's limits that pings nobody.

The webhook's address is a secret: it stands in no error, no log (httpx logs the address of every request) and no
representation. A post is not repeated after a broken connection or a timeout on the way: it may have arrived.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from pipeline.errors import StageError
from pipeline.item import Claim, Fallacy, Scores
from pipeline.retrying import (
    FIRST_BACKOFF_SECONDS,
    KINDS,
    LONGEST_WAIT_SECONDS,
    AttemptError,
    JsonSender,
    json_object,
)
from pipeline.settings import PublishSettings

# Limits of Discord's own, in characters, are 256 for a title, 4096 for a description, 1024 for the value of a field and
# 6000 for everything; ours add up to less. Discord counts code points; we count UTF-16 units, of which there are never
# fewer.
TITLE_LIMIT = 256
DESCRIPTION_LIMIT = 3000
FIELD_LIMIT = 1024
URL_LIMIT = 2048
MOST_CLAIMS = 5
MOST_FALLACIES = 3
SNIPPET_LIMIT = 180

_GOOD, _FAIR, _POOR = 0x2ECC71, 0xF1C40F, 0xE74C3C  # as the target bands of the overall quality
_MARKDOWN = frozenset("\\`*_~|>#[]()<@")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ELLIPSIS = "…"


class _HiddenUrl(httpx.URL):
    """An address that is used, but never shown."""

    def __str__(self) -> str:
        return "https://discord.invalid/***"

    __repr__ = __str__


class DiscordPublisher:
    """Posts to one webhook. May be used from several threads; close it, or use it as a context manager."""

    def __init__(
        self,
        settings: PublishSettings,
        http: httpx.Client | None = None,
        *,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        """Prepare to post. A given `http` stays open when this is closed.

        Raises StageError("auth") without a webhook, StageError("unsupported") for one that is no http(s) address.
        """
        self._settings = settings
        self._url = _webhook(settings.discord_webhook_url.reveal())
        self._sender = JsonSender(
            "Discord",
            http,
            timeout_seconds=settings.timeout_seconds,
            attempts=settings.attempts,
            first_backoff=first_backoff_seconds,
            repeatable=False,
        )

    def __enter__(self) -> DiscordPublisher:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that this publisher opened."""
        self._sender.close()

    def publish(
        self,
        *,
        title: str | None,
        url: str | None,
        content_type: str,
        scores: Scores,
        summary: str,
        claims: Sequence[Claim] = (),
        fallacies: Sequence[Fallacy] = (),
    ) -> None:
        """Post one item and wait until Discord has it.

        Rate limits are waited for as Discord asks (up to a minute), errors of its servers tried again. Raises
        StageError("auth", "not_found", "rate_limited", "timeout", "network", "too_large" or "http_status").
        """
        body = message(title, url, content_type, scores, summary, claims, fallacies)
        self._sender.tried(lambda: self._post(body))

    def _post(self, body: dict[str, Any]) -> None:
        response = self._sender.post(self._url, body)
        if not response.is_success:
            raise _refused(response)


def message(
    title: str | None,
    url: str | None,
    content_type: str,
    scores: Scores,
    summary: str,
    claims: Sequence[Claim] = (),
    fallacies: Sequence[Fallacy] = (),
) -> dict[str, Any]:
    """Return the body of the post: one embed, at most 6000 characters, the content's own markdown made harmless."""
    embed = {
        "title": escaped(title or "", TITLE_LIMIT) or "Untitled",
        "url": _link(url),
        "description": escaped(summary, DESCRIPTION_LIMIT),
        "color": _GOOD if scores.overall >= 0.75 else _FAIR if scores.overall >= 0.65 else _POOR,
        "fields": [
            {"name": name, "value": value, "inline": inline}
            for name, value, inline in (
                ("Type", escaped(content_type, 100), True),
                ("Quality", _quality(scores), True),
                ("Claims", _bullets(claim.text for claim in claims[:MOST_CLAIMS]), False),
                (
                    "Possible fallacies",
                    _bullets(f"{each.name}: {each.text}" for each in fallacies[:MOST_FALLACIES]),
                    False,
                ),
            )
            if value
        ],
        "footer": {"text": "pipemeter"},
    }
    return {
        "embeds": [{key: value for key, value in embed.items() if value not in (None, "")}],
        "allowed_mentions": {"parse": []},
    }


def escaped(text: str, limit: int) -> str:
    """Return the text on one line, its markdown shown instead of obeyed, cut to `limit` UTF-16 units."""
    pieces = [_piece(character, at_start=index == 0) for index, character in enumerate(_plain(text))]
    if sum(map(_units, pieces)) <= limit:
        return "".join(pieces)
    room = limit - _units(_ELLIPSIS)
    kept = 0
    while kept < len(pieces) and (room := room - _units(pieces[kept])) >= 0:
        kept += 1
    return "".join(pieces[:kept]).rstrip(" \u200d") + _ELLIPSIS


def _plain(text: str) -> str:
    """Return one line without control characters, text direction marks and what UTF-8 cannot hold."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return "".join(each for each in line if unicodedata.category(each) != "Cc" and each not in _BIDI).strip()


def _piece(character: str, *, at_start: bool) -> str:
    """Return a character, with a backslash if it would be markdown; lists begin at the start of a line only."""
    return f"\\{character}" if character in _MARKDOWN or (at_start and character in "-+") else character


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _bullets(texts: Iterable[str]) -> str:
    """Return a list within the limit of one field; it has few entries, each of them short."""
    lines = [f"- {line}" for text in texts if (line := escaped(text, SNIPPET_LIMIT))]
    return "\n".join(lines)


def _quality(scores: Scores) -> str:
    names = ("overall", "coherence", "completeness", "informativeness")
    return " · ".join(f"{name} {getattr(scores, name):.2f}" for name in names)


def _link(url: str | None) -> str | None:
    """Return an address that Discord takes as a link and that gives nothing away, else None."""
    try:
        link = httpx.URL(url or "")
    except httpx.InvalidURL:
        return None
    fit = link.scheme in ("http", "https") and "." in link.host and not link.userinfo and len(str(link)) <= URL_LIMIT
    return str(link) if fit else None


def _webhook(address: str | None) -> _HiddenUrl:
    if not (address and address.strip()):
        raise StageError("auth", "No Discord webhook is configured: set DISCORD_WEBHOOK_URL.")
    try:
        url = httpx.URL(address.strip()).copy_merge_params({"wait": "true"})
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise StageError("unsupported", "DISCORD_WEBHOOK_URL is no http(s) address.")
    return _HiddenUrl(url)


def _refused(response: httpx.Response) -> AttemptError:
    status = response.status_code
    if status == 429:
        after = _retry_after(response)
        return AttemptError(
            "rate_limited",
            f"Discord takes no more posts for {after:.0f} seconds.",
            retryable=after <= LONGEST_WAIT_SECONDS,
            after=after,
        )
    hint = ": the webhook is gone or its address is wrong, make a new one" if status in (401, 403, 404) else ""
    message = f"Discord answered {status}{hint or _detail(response)}."
    return AttemptError(KINDS.get(status, "http_status"), message, retryable=status >= 500)


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds to wait: the body says it to the millisecond, the header (of the CDN too) to the second."""
    for value in (json_object(response).get("retry_after"), response.headers.get("retry-after")):
        try:
            return max(0.0, float(value))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return 1.0


def _detail(response: httpx.Response) -> str:
    """Return Discord's error number (50035: the body's form is invalid), which says more than the status."""
    code = json_object(response).get("code")
    return f" (error {code})" if isinstance(code, int) else ""
