from __future__ import annotations

import pytest

from monitoring.wording.figures import change, clock, figure, length, plain
from monitoring.wording.units import Unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.6134, "ratio", "61.3 %"), (0.756, "score", "0.76"), (59.94, "seconds", "59.9 s"), (150, "seconds", "2.5 min"),
     (12_600, "seconds", "3.5 h"), (1234.5, "usd", "$1,234.50"), (-2.5, "usd", "-$2.50"), (12_345.4, "items", "12,345"),
     (221.44, "number", "221.4"), (0.025, "number", "0.025"), (12_345.4, "number", "12,345"), (None, "ratio", "-")],
)  # fmt: skip
def test_a_value_is_written_with_its_unit(value: float | None, unit: Unit, text: str) -> None:
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.021, "ratio", "+2.1 points"), (-0.0131, "score", "-0.013"), (10_800, "seconds", "+3.0 h"), (-0.0001, "ratio", "none"),
     (-3.5, "usd", "-$3.50"), (0, "items", "none"), (None, "items", "-")],
)  # fmt: skip
def test_a_difference_has_a_sign_unless_it_is_none(value: float | None, unit: Unit, text: str) -> None:
    assert change(value, unit) == text


def test_times_are_said_in_utc_and_lengths_in_two_units() -> None:
    assert clock(1_795_219_260) == "2026-11-21 00:01 UTC"
    assert [length(seconds) for seconds in (0, 40, 3900, 190_800)] == ["0 s", "40 s", "1 h 5 min", "2 d 5 h"]


def test_a_text_from_outside_moves_no_cursor() -> None:
    assert plain("a\x1b[31mb\nc") == "a�[31mb�c"
