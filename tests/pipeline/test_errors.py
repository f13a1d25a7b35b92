from __future__ import annotations

import socket
import ssl

import pytest

from pipeline.errors import ERROR_TYPES, LASTING, ConfigError, Problem, StageError, error_type_of, shown, told


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StageError("rate_limited", "x"), "rate_limited"),
        (TimeoutError(), "timeout"),
        (FileNotFoundError(), "not_found"),
        (PermissionError(), "auth"),
        (ConnectionResetError(), "network"),
        (BrokenPipeError(), "network"),
        (ssl.SSLError(), "storage"),  # stages that speak TLS say `network` themselves
        (socket.gaierror(), "storage"),  # and those that look up hosts do
        (OSError(28, "No space left on device"), "storage"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "corrupt"),
        (ValueError(), "internal"),
        (KeyboardInterrupt(), "internal"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_exception_has_a_bounded_kind(error: BaseException, kind: str) -> None:
    assert error_type_of(error) == kind
    assert kind in ERROR_TYPES


def test_what_lies_in_the_content_lasts_and_what_lies_in_the_world_does_not() -> None:
    assert {"corrupt", "empty", "unsupported"} <= LASTING
    assert not LASTING & {"timeout", "network", "storage", "internal", "auth"}


def test_a_problem_says_where_it_stands_what_stands_there_and_what_was_expected() -> None:
    assert (
        str(Problem("a.yaml", 3, "x.y", "7", "a number from 0 to 1"))
        == "a.yaml:3: x.y: 7: expected a number from 0 to 1"
    )
    assert str(Problem("environment", None, "PORT", "", "a number")) == "environment: PORT: expected a number"


def test_a_refused_configuration_tells_all_its_problems_a_line_each() -> None:
    problems = [Problem("a", 1, "b", "c", "d"), Problem("e", 2, "f", "g", "h")]
    error = ConfigError(problems)
    assert str(error) == "a:1: b: c: expected d\ne:2: f: g: expected h"
    assert error.problems == problems


class MuteError(Exception):
    """Somebody else's exception, of which neither text nor writing can be had."""

    def __str__(self) -> str:
        raise SystemExit(3)

    __repr__ = __str__


def test_what_another_package_raised_is_told_in_one_line_even_if_it_has_no_text() -> None:
    assert told(ValueError("no flour\nat all")) == "ValueError: no flour at all"
    assert told(MuteError()) == "MuteError: (its text cannot be had)"
    assert shown("x" * 100) == "'" + "x" * 59
    assert shown(MuteError()) == "a value of type MuteError that cannot be written"
