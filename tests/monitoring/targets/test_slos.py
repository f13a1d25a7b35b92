"""Objectives: what they may be set on, and how their alerts are called."""

from __future__ import annotations

import pytest

from monitoring.domains.catalogue import signals
from monitoring.targets.slos import TIERS, Slo, burn_alert, can_have_objective, tiers_for


@pytest.mark.parametrize(
    ("signal", "name"),
    [
        ("error_rate", "PipelineErrorBudgetBurn"),
        ("availability", "PipelineAvailabilityBudgetBurn"),
        ("wrong_skip_rate", "PipelineWrongSkipRateBudgetBurn"),
        ("quality_above_070_share", "PipelineQualityAbove070ShareBudgetBurn"),
    ],
)
def test_alerts_of_an_objective_are_called_as_its_signal_says_or_after_domain_and_signal(
    signal: str, name: str
) -> None:
    assert burn_alert(Slo("mine", signal, 0.9)) == name


def test_an_objective_is_set_on_a_recorded_share_of_which_one_end_is_good() -> None:
    usable = {name for name, signal in signals().items() if can_have_objective(signal)}
    assert {"error_rate", "availability", "wrong_skip_rate", "time_savings", "quality_above_070_share"} <= usable
    assert not usable & {"bypass_rate", "items", "quality_score_avg", "item_duration_p95_seconds", "rejected_records"}


def test_factors_are_those_of_the_book_where_they_can_be_reached_and_derived_where_not() -> None:
    assert tiers_for(Slo("strict", "error_rate", 0.99)) is TIERS
    derived = tiers_for(Slo("loose", "error_rate", 0.8))
    assert [tier.name for tier in derived] == [tier.name for tier in TIERS]
    factors = [tier.factor for tier in derived]
    assert factors == sorted(factors, reverse=True)
    assert float(factors[0]) * 0.2 == pytest.approx(0.9, abs=0.01)
    assert factors[-1] == 1
    with pytest.raises(ValueError, match=r"an objective above 0\.1"):
        tiers_for(Slo("hopeless", "error_rate", 0.1))
