"""What can go wrong, as types that carry data: a bounded kind for metrics, a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

ErrorType = Literal[
    "not_found",  # no such file, host or page (404, 410)
    "forbidden_address",  # an address that is not public, refused by the SSRF rule
    "unsupported",  # a kind of content nothing here can read, an unknown scheme
    "too_large",  # over a size limit
    "too_long",  # over a duration limit
    "timeout",  # over a time limit
    "network",  # connection refused, reset, TLS failure
    "http_status",  # the other side answered with an error
    "auth",  # 401, 403
    "rate_limited",  # 429
    "corrupt",  # damaged or truncated media, undecodable text
    "empty",  # nothing in it: zero bytes, no speech, no text
    "storage",  # disk full, database locked or damaged
    "internal",  # a bug of ours, or of a library
]
ERROR_TYPES: tuple[ErrorType, ...] = get_args(ErrorType)
# what lies in the content itself: trying again changes nothing
LASTING: frozenset[ErrorType] = frozenset({"unsupported", "too_large", "too_long", "corrupt", "empty"})


class PipemeterError(Exception):
    """Base of every error that pipemeter raises on purpose; its text is fit for a user."""


class StageError(PipemeterError):
    """A stage could not do its work for one item. `error_type` is bounded and becomes a label value."""

    def __init__(self, error_type: ErrorType, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.error_type: ErrorType = error_type
        self.retryable = retryable


def error_type_of(error: BaseException) -> ErrorType:
    """Return the bounded kind of an exception; `internal` for what nobody foresaw."""
    if isinstance(error, StageError):
        return error.error_type
    kinds: tuple[tuple[type[BaseException], ErrorType], ...] = (
        (TimeoutError, "timeout"),
        (FileNotFoundError, "not_found"),
        (PermissionError, "auth"),
        (ConnectionError, "network"),
        (OSError, "storage"),
        (UnicodeError, "corrupt"),
    )
    return next((name for kind, name in kinds if isinstance(error, kind)), "internal")


HIDDEN = "(not shown)"  # stands in messages for a value that may be a secret


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a configuration: where it stands, what stands there, what was expected."""

    file: str
    line: int | None
    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.value, f"expected {self.expected}") if part)


class ConfigError(PipemeterError):
    """A configuration was refused; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


FOREIGN_FAILURES = (
    Exception,
    SystemExit,
)  # what the code of another package may raise without ending the program it is used by


def told(error: BaseException) -> str:
    """Return an exception's type and text in one line, even if it cannot be turned into text. Never raises."""
    try:
        text = " ".join(str(error).split())
    except FOREIGN_FAILURES:
        text = "(its text cannot be had)"
    return f"{type(error).__name__}: {text}"


def shown(value: object) -> str:
    """Return the first 60 characters of how a value is written, even if it cannot be. Never raises."""
    try:
        return f"{value!r:.60}"
    except FOREIGN_FAILURES:
        return f"a value of type {type(value).__name__} that cannot be written"


class DomainError(PipemeterError):
    """A domain of another package cannot be used; `problems` says whose and why, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
