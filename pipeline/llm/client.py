"""A small client for any endpoint that speaks OpenAI's chat completions: one question, one JSON answer, its price.

It stands apart from the analysis so that retries, error kinds and the care for the key are written once. The key is
sent in a header and appears nowhere else: not in texts of errors, not in logs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from pipeline.errors import StageError
from pipeline.retrying import (
    FIRST_BACKOFF_SECONDS,
    KINDS,
    LONGEST_WAIT_SECONDS,
    AttemptError,
    JsonSender,
    json_object,
    retry_after,
)
from pipeline.settings import LlmSettings

_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


class LlmAnswer(msgspec.Struct, frozen=True):
    """A decoded JSON answer, the tokens it took (0 where the endpoint does not say) and its price in US dollars."""

    data: Any
    input_tokens: int
    output_tokens: int
    cost_usd: float


class InvalidAnswerError(StageError):
    """The model answered, but not with JSON: cut off, refused, or prose. What it cost is known all the same."""

    def __init__(self, message: str, cost_usd: float) -> None:
        super().__init__("corrupt", message, retryable=True)
        self.cost_usd = cost_usd


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class LlmClient:
    """Asks one model. May be used from several threads; close it, or use it as a context manager."""

    def __init__(
        self,
        settings: LlmSettings,
        http: httpx.Client | None = None,
        *,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare to ask `settings.base_url` (up to and with `/v1`). A given `http` stays open when this is closed.

        Raises StageError("unsupported") for an address that is none, StageError("auth") for a key
        that no header can hold.
        """
        self._settings = settings
        self._url, self._host = _endpoint(settings.base_url)
        self._headers = _authorization(settings.api_key.reveal())
        self._sender = JsonSender(
            f"The language model at {self._host}",
            http,
            timeout_seconds=settings.timeout_seconds,
            attempts=settings.attempts,
            first_backoff=first_backoff_seconds,
            repeatable=True,
            clean=self._clean,
        )
        self._clock = clock
        self._limit_key = "max_tokens"

    def __enter__(self) -> LlmClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that this client opened."""
        self._sender.close()

    def complete_json(self, system: str, user: str, schema: Mapping[str, Any], *, max_tokens: int) -> LlmAnswer:
        """Return the model's answer to `user` as data that should follow the JSON `schema` (the caller validates it).

        Tried `settings.attempts` times with jittered backoff, honouring Retry-After up to a minute. Raises
        InvalidAnswerError for an answer that is no JSON and StageError("auth", "not_found", "rate_limited", "timeout",
        "network", "http_status", "too_large" or "corrupt") for everything else; no text of an error holds the key.
        """
        body = {
            "model": self._settings.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)},
            },
        }
        return self._sender.tried(lambda: self._answer(self._ask(body, max_tokens)))

    def _ask(self, body: dict[str, Any], max_tokens: int) -> httpx.Response:
        limit_key = self._limit_key
        response = self._sender.post(self._url, body | {limit_key: max_tokens}, self._headers)
        if response.status_code == 400 and limit_key == "max_tokens" and "max_completion_tokens" in response.text:
            # newer OpenAI models know the limit under another name only, and say so
            self._limit_key = "max_completion_tokens"
            response = self._sender.post(self._url, body | {self._limit_key: max_tokens}, self._headers)
        if not response.is_success:
            raise self._refused(response)
        return response

    def _refused(self, response: httpx.Response) -> AttemptError:
        status = response.status_code
        error = _error_of(response)
        reason = f": {error['message']}" if isinstance(error.get("message"), str) and status not in (401, 403) else ""
        after = retry_after(response.headers, self._clock())
        spent = error.get("code") == "insufficient_quota"  # also a 429, but waiting does not fill the account
        wait_is_bearable = after is None or after <= LONGEST_WAIT_SECONDS
        return AttemptError(
            KINDS.get(status, "http_status"),
            self._clean(f"The language model at {self._host} answered {status}{reason[:200]}."),
            retryable=status in _RETRIED and not spent and wait_is_bearable,
            after=after,
        )

    def _answer(self, response: httpx.Response) -> LlmAnswer:
        try:
            completion = msgspec.json.decode(response.content, type=_Completion)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise StageError("corrupt", f"{self._host} does not speak the chat completions protocol.") from None
        usage = completion.usage or _Usage()
        cost = self._cost(usage)
        choice = completion.choices[0] if completion.choices else _Choice(_Message())
        if choice.message.refusal or choice.message.content is None or choice.finish_reason == "length":
            why = "was cut off" if choice.finish_reason == "length" else "was refused or empty"
            raise InvalidAnswerError(f"The answer of the model at {self._host} {why}.", cost)
        try:
            data = msgspec.json.decode(choice.message.content)
        except msgspec.DecodeError:
            raise InvalidAnswerError(f"The model at {self._host} did not answer in JSON.", cost) from None
        return LlmAnswer(data, usage.prompt_tokens, usage.completion_tokens, cost)

    def _cost(self, usage: _Usage) -> float:
        settings = self._settings
        return (
            usage.prompt_tokens * settings.usd_per_million_input_tokens
            + usage.completion_tokens * settings.usd_per_million_output_tokens
        ) / 1e6

    def _clean(self, text: str) -> str:
        """Take the key out, should the other side repeat it, and make it one line."""
        key = self._settings.api_key.reveal()
        return " ".join((text.replace(key.strip(), "***") if key and key.strip() else text).split())


def _endpoint(base_url: str | None) -> tuple[httpx.URL, str]:
    try:
        parts = urlsplit((base_url or "").strip())
        host, address = parts.hostname or "", httpx.URL(parts.geturl().rstrip("/") + "/chat/completions")
    except (ValueError, httpx.InvalidURL):
        parts, host, address = urlsplit(""), "", httpx.URL("")
    if parts.scheme not in ("http", "https") or not host:
        raise StageError("unsupported", "The language model's base_url is no http(s) address, such as https://host/v1.")
    return address, host


def _authorization(key: str | None) -> dict[str, str]:
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise StageError("auth", "The language model's api_key has characters that no header can hold.")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _error_of(response: httpx.Response) -> dict[str, Any]:
    body = json_object(response)
    error = body.get("error", body)
    return error if isinstance(error, dict) else {}
