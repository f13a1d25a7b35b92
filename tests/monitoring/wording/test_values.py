from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from monitoring.wording.units import Unit
from monitoring.wording.values import VALUE_FORMATS, exact_percent, humanize_duration, percent, say


@pytest.mark.parametrize(
    ("value", "text"), [(0.144, "14.4%"), (1 / 3, "33.33%"), (0.0, "0%"), (1.0, "100%"), (2.88, "288%")]
)
def test_a_share_has_four_figures_as_in_prometheus(value: float, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.99999, "99.999%"), (0.1, "10%"), (0.0, "0%"), (1.0, "100%"), (Decimal("0.0010"), "0.1%"), (0.07, "7%")],
)
def test_what_somebody_set_is_shown_unrounded_and_without_tails(value: float | Decimal, text: str) -> None:
    assert exact_percent(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.655, "ratio", "65.5%"), (0.7, "score", "0.70"), (60.0, "seconds", "1m"), (0.25, "seconds", "0.25s"),
        (12.5, "usd", "12.5 USD"), (20.0, "items", "20 items"), (3.0, "calls", "3 calls"),
        (221.4, "number", "221.4"),
    ],
)  # fmt: skip
def test_a_threshold_is_said_with_its_unit(value: float, unit: Unit, text: str) -> None:
    assert say(value, unit) == text


def test_every_unit_can_be_said() -> None:
    assert all(say(1.0, unit) and VALUE_FORMATS[unit] for unit in get_args(Unit))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (11_100, "3h 5m 0s"), (86_400 + 61, "1d 0h 1m 1s"), (65.9, "1m 5s"), (7.25, "7.25s"), (-90, "-1m 30s"),
        (0.25, "250ms"), (0.00042, "420us"), (1.5e-8, "15ns"), (1e-12, "0.001ns"), (-7.5, "-7.5s"),
    ],
)  # fmt: skip
def test_a_duration_is_said_as_prometheus_templates_say_it(seconds: float, text: str) -> None:
    assert humanize_duration(seconds) == text
