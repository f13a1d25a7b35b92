from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.wording.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("5m", 300),
        ("1h30m", 5400),
        ("7d", 604_800),
        ("1w", 604_800),
        ("1y", 31_536_000),
        ("1d1s", 86_401),
    ],
)
def test_durations_are_read_as_prometheus_reads_them(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "m", "5 m", "1m1h", "1.5h", "-5m", "5M", "\N{ARABIC-INDIC DIGIT FIVE}m", "1h1h", "9" * 50 + "s"],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as 5m, 1h, 1h30m or 7d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (3600, "1h"), (5400, "1h30m"), (2_592_000, "30d"), (90_061, "1d1h1m1s")],
)
def test_the_shortest_exact_form_is_written(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**9))
def test_what_is_written_is_read_as_the_same(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
