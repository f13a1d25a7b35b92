from __future__ import annotations

import pytest

from monitoring.domains.band import Bands
from monitoring.tuning.alert_effect import AlertEffect, effects

LOW = Bands(target=0.6, warning_low=0.5, critical_low=0.4)
BOTH = Bands(warning_low=0.5, critical_low=0.4, warning_high=0.8, critical_high=0.9)


def found(bands: Bands, low: float, high: float) -> list[tuple[str, str, str]]:
    return [(one.alert, one.best, one.worst) for one in effects({"bypass_rate": bands}, "bypass_rate", (low, high))]


@pytest.mark.parametrize(
    ("expected", "best", "worst"),
    [
        ((0.6, 0.7), "ok", "ok"), ((0.45, 0.55), "ok", "warning"), ((0.3, 0.45), "warning", "critical"),
        ((0.1, 0.2), "critical", "critical"), ((0.5, 0.5), "ok", "ok"), ((0.4, 0.4), "warning", "warning"),
    ],
)  # fmt: skip
def test_the_ends_of_what_is_expected_say_what_is_best_and_worst(
    expected: tuple[float, float], best: str, worst: str
) -> None:
    assert found(LOW, *expected) == [("PipelineBypassRateLow", best, worst)]


def test_on_the_other_side_the_high_end_is_the_worse_one() -> None:
    assert found(BOTH, 0.75, 0.95) == [
        ("PipelineBypassRateLow", "ok", "ok"), ("PipelineBypassRateHigh", "ok", "critical"),
    ]  # fmt: skip
    assert found(BOTH, 0.85, 0.85)[1] == ("PipelineBypassRateHigh", "warning", "warning")


@pytest.mark.parametrize("bands", [Bands(enabled=False, warning_low=0.5), Bands(target=0.6), Bands(critical_low=0.4)])
def test_without_a_warning_edge_or_switched_off_there_is_no_effect(bands: Bands) -> None:
    assert found(bands, 0.1, 0.2) == []


def test_a_signal_that_nobody_judges_has_none() -> None:
    assert list(effects({}, "bypass_rate", (0.1, 0.2))) == []
    assert list(effects({"items": LOW}, "items", (0.1, 0.2))) == []


def test_an_effect_carries_what_was_expected() -> None:
    (one,) = effects({"bypass_rate": LOW}, "bypass_rate", (0.45, 0.55))
    assert one == AlertEffect("PipelineBypassRateLow", "bypass_rate", (0.45, 0.55), "ok", "warning")
