"""One GET: streamed, within a budget, its faults as StageErrors, its body unpacked and saved to a file."""

from __future__ import annotations

import datetime as dt
import hashlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from pipeline.errors import StageError
from pipeline.settings import DownloadSettings
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.encoding import decoded
from pipeline.stages.download.retry import status_fault, with_retries
from pipeline.stages.download.url import check_url, redacted


class Answer(msgspec.Struct, frozen=True):
    """A body that was saved, and what the server said about it."""

    path: Path
    url: str  # after redirects
    content_type: str  # without parameters, lower case; empty when not given
    charset: str | None


@contextmanager
def faults_of(url: str, budget: Budget) -> Iterator[None]:
    """Turn httpx's exceptions into StageErrors whose text holds neither query nor credentials."""
    place = redacted(url)
    try:
        yield
    except httpx.TimeoutException:
        budget.check_time()
        raise StageError("timeout", f"{place} did not answer in time", retryable=True) from None
    except httpx.TooManyRedirects:
        raise StageError("http_status", f"{place} redirects too often") from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise StageError("unsupported", f"{place} is not a URL that can be requested") from None
    except httpx.TransportError as error:
        raise StageError("network", f"{place}: {_reason(error)}", retryable=True) from None
    except httpx.HTTPError:
        raise StageError("network", f"{place} sent an answer that is not HTTP", retryable=True) from None


@contextmanager
def opened(
    http: httpx.Client, url: str, budget: Budget, headers: dict[str, str] | None = None
) -> Iterator[httpx.Response]:
    """GET a URL and give its answer with the body not read yet (raises StageError, for statuses from 400 too)."""
    with faults_of(url, budget):
        request = http.build_request("GET", check_url(url), headers=headers)
        with budget.enforced():
            response = http.send(request, stream=True)
        try:
            now = dt.datetime.now(dt.UTC)
            fault = status_fault(response.status_code, response.headers.get("Retry-After"), redacted(url), now)
            if fault is not None:
                raise fault
            yield response
        finally:
            response.close()


def body(response: httpx.Response, budget: Budget) -> Iterator[bytes]:
    """Yield the unpacked body piece by piece; every piece is paid from the budget before it is given out."""
    length = response.headers.get("Content-Length", "")
    if length.isdigit():
        budget.announce(int(length))
    for piece in decoded(_raw(response, budget), response.headers.get("Content-Encoding", "")):
        budget.spend(len(piece))
        yield piece


def save(http: httpx.Client, url: str, workdir: Path, settings: DownloadSettings, budget: Budget) -> Answer:
    """Download a URL into a new file of `workdir`, with retries; nothing is left behind by a failure."""
    path = workdir / f"download-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
    return with_retries(lambda: _save_once(http, url, path, budget), settings.attempts, budget)


def _save_once(http: httpx.Client, url: str, path: Path, budget: Budget) -> Answer:
    try:
        with opened(http, url, budget) as response, path.open("wb") as file:
            for piece in body(response, budget):
                file.write(piece)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(path, str(response.url), kind, response.charset_encoding)
    except StageError:
        path.unlink(missing_ok=True)
        raise
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StageError("storage", f"the download could not be written: {error.strerror}") from None


def _raw(response: httpx.Response, budget: Budget) -> Iterator[bytes]:
    chunks = response.iter_raw()
    while True:
        with budget.enforced():
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


def _reason(error: httpx.TransportError) -> str:
    """Name the cause in words of our own; a library's text may quote the URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its TLS certificate is not valid"
        if isinstance(cause, ssl.SSLError):
            return "no TLS connection could be made"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(cause, socket.gaierror):
            return "its name cannot be resolved"
        cause = cause.__cause__ or cause.__context__
    return "the connection failed" if isinstance(error, httpx.ConnectError) else "the connection broke"
