"""Trying a request to a service again: what deserves it, after how long, and for how long at most."""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import httpx
import msgspec
import stamina

from pipeline.errors import ErrorType, StageError

Answer = TypeVar("Answer")
LONGEST_WAIT_SECONDS = 60.0  # a service that asks for more is given up on
FIRST_BACKOFF_SECONDS = 0.5
KINDS: Mapping[int, ErrorType] = {  # what an HTTP status says of a request; every other is `http_status`
    401: "auth",
    403: "auth",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limited",
}


class AttemptError(StageError):
    """An attempt that failed, and after how many seconds the service wants the next one (None: it does not say)."""

    def __init__(self, error_type: ErrorType, message: str, *, retryable: bool, after: float | None = None) -> None:
        super().__init__(error_type, message, retryable=retryable)
        self.after = after


def tried(action: Callable[[], Answer], *, attempts: int, first_backoff: float = FIRST_BACKOFF_SECONDS) -> Answer:
    """Do it, up to `attempts` times, with growing, jittered pauses or those that the service asks for.

    Only a retryable AttemptError is tried again; every other error, and the last one, is raised.
    """
    retrying = stamina.retry_context(
        on=_again,
        attempts=max(1, attempts),
        timeout=None,
        wait_initial=first_backoff,
        wait_jitter=first_backoff,
        wait_max=LONGEST_WAIT_SECONDS,
    )
    for attempt in retrying:
        with attempt:
            return action()
    raise AssertionError("unreachable: the last attempt returns or raises")


def _again(error: Exception) -> bool | float:
    if not isinstance(error, AttemptError) or not error.retryable:
        return False
    return True if error.after is None else error.after


class JsonSender:
    """Posts JSON to a service; `name` is what sentences call it. May be used from several threads; close it.

    `repeatable`: whether a post that may have arrived may be sent again. `clean` takes secrets out of the reason why
    the service cannot be reached; without it the reason is not told.
    """

    def __init__(
        self,
        name: str,
        http: httpx.Client | None,
        *,
        timeout_seconds: float,
        attempts: int,
        first_backoff: float,
        repeatable: bool,
        clean: Callable[[str], str] | None = None,
    ) -> None:
        """Prepare to send. A given `http` stays open when this is closed."""
        self._name, self._repeatable, self._clean = name, repeatable, clean
        self._http = http or httpx.Client()
        self._owns_http = http is None
        self._timeout, self._attempts, self._first_backoff = timeout_seconds, attempts, first_backoff

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that this sender opened."""
        if self._owns_http:
            self._http.close()

    def tried(self, action: Callable[[], Answer]) -> Answer:
        """Do what posts (`post`) and reads the answer, as often as its errors deserve it. See `tried`."""
        return tried(action, attempts=self._attempts, first_backoff=self._first_backoff)

    def post(self, url: httpx.URL, body: object, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Post once, following no redirect (what is secret goes to the configured host only).

        The answer may be an error of the service's. Raises AttemptError("timeout" or "network").
        """
        request = self._http.build_request(
            "POST",
            "https://hidden.invalid",
            content=msgspec.json.encode(body),
            headers={"Content-Type": "application/json", "Host": url.netloc.decode("ascii"), **(headers or {})},
            timeout=self._timeout,
        )
        request.url = url  # as it is: an address that hides itself from logs would be copied as a plain one
        try:
            return self._http.send(request, follow_redirects=False)
        except httpx.HTTPError as error:
            raise self._unanswered(error) from None

    def _unanswered(self, error: httpx.HTTPError) -> AttemptError:
        before = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
        if not self._repeatable and not before:
            if isinstance(error, httpx.TimeoutException):
                text = f"{self._name} did not answer in time; the post may be there."
                return AttemptError("timeout", text, retryable=False)
            text = f"The connection to {self._name} broke; the post may be there."
            return AttemptError("network", text, retryable=False)
        if self._repeatable and isinstance(error, httpx.TimeoutException):
            return AttemptError("timeout", f"{self._name} did not answer in time.", retryable=True)
        reason = f": {error}" if self._clean else "."
        text = f"{self._name} cannot be reached{reason}"
        return AttemptError("network", self._clean(text) if self._clean else text, retryable=True)


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Return the object that an answer holds, an empty one if it holds something else."""
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date; None without a usable one.

    `now`: Unix seconds.
    """
    value = headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now) if value else None
    except ValueError:
        return None
