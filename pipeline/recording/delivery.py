"""One attempt to hand a batch to an exporter, and what its answer means."""

from __future__ import annotations

import ssl
from typing import Literal

import httpx
import msgspec

from pipeline.recording.spool import Batch

_REFUSED = frozenset({400, 413, 415, 422})  # sending the same again would meet the same answer

Verdict = Literal["delivered", "refused", "away"]


class Answer(msgspec.Struct, frozen=True):
    """What became of an attempt. `retry_after`: seconds that the exporter asked to wait, if it did."""

    verdict: Verdict
    retry_after: float | None = None
    reason: str = ""


class Delivery:
    """Posts batches to `/api/events`. Not for several threads at once."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = f"{url.rstrip('/')}/api/events"
        # without TLS nobody's certificates have to be loaded, which takes longer than all else here
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http://") else True
        self._client = httpx.Client(timeout=timeout_seconds, headers=headers, transport=transport, verify=verify)

    def send(self, batch: Batch) -> Answer:
        """Try once. Never raises."""
        headers = {"Content-Type": "application/json", "Content-Encoding": "zstd", "Idempotency-Key": batch.key}
        try:
            response = self._client.post(self._url, content=batch.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            # the text of an error may hold the address, and the address a password
            return Answer("away", reason=type(error).__name__)
        return _answer(response)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _answer(response: httpx.Response) -> Answer:
    if response.status_code == 200:
        return Answer("delivered")
    reason = f"HTTP {response.status_code}"
    if response.status_code in _REFUSED:
        return Answer("refused", reason=reason)
    # all else (401 and 404 too) is a matter of the exporter or its settings, and may be mended
    return Answer("away", _seconds(response.headers.get("retry-after", "")), reason)


def _seconds(text: str) -> float | None:
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() and len(text) < 9 else None
