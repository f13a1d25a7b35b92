"""The alerts of the default targets, as their users route on them; burn rates for any objective."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.alert import Alert, alerts_of, numeral
from monitoring.alerts.rule_groups import annotations_of
from monitoring.domains.band import Bands
from monitoring.targets.slos import TIERS, Slo, tiers_for
from monitoring.targets.targets import Targets

BANDS = {
    ("PipelineBypassRateLow", "warning", "pipeline:bypass_rate:ratio1h < 0.5"),
    ("PipelineBypassRateLow", "critical", "pipeline:bypass_rate:ratio1h < 0.4"),
    ("PipelineBypassRateHigh", "warning", "pipeline:bypass_rate:ratio1h > 0.8"),
    ("PipelineQualityScoreLow", "warning", "pipeline:quality_score_avg:mean1h < 0.7"),
    ("PipelineQualityScoreLow", "critical", "pipeline:quality_score_avg:mean1h < 0.65"),
    ("PipelineEarlyExitShareLow", "warning", "pipeline:early_exit_share:ratio1h < 0.3"),
    ("PipelineEarlyExitShareHigh", "warning", "pipeline:early_exit_share:ratio1h > 0.6"),
    ("PipelineTimeSavingsLow", "warning", "pipeline:time_savings:ratio1h < 0.6"),
}
TIERS_OF_ONE_PERCENT = {
    ("fast", "critical", "ratio1h", "ratio5m", "0.144"),
    ("medium", "critical", "ratio6h", "ratio30m", "0.06"),
    ("slow", "warning", "ratio1d", "ratio2h", "0.03"),
    ("long", "warning", "ratio3d", "ratio6h", "0.01"),
}


def by_name(name: str, targets: Targets | None = None) -> list[Alert]:
    return [alert for alert in alerts_of(targets or Targets()) if alert.name == name]


def test_band_alerts_compare_the_signal_over_an_hour_for_ten_minutes_with_twenty_items() -> None:
    found = [a for a in alerts_of(Targets()) if a.expr.endswith(":volume1h >= 20") and not a.labels]
    assert {(a.name, a.severity, a.expr.splitlines()[0]) for a in found} == BANDS
    assert {a.for_seconds for a in found} == {600}


@pytest.mark.parametrize(
    ("name", "slo", "share"),
    [
        ("PipelineErrorBudgetBurn", "error_rate", "pipeline:error_rate:{}"),
        ("PipelineAvailabilityBudgetBurn", "availability", "1 - pipeline:availability:{}"),
    ],
)
def test_an_objective_has_four_tiers_that_need_both_windows_and_wait_for_nothing(
    name: str, slo: str, share: str
) -> None:
    found = {
        (a.labels["burnrate_tier"], a.severity, tuple(a.expr.splitlines()), a.for_seconds, a.labels["slo"])
        for a in by_name(name)
    }
    assert found == {
        (
            tier,
            severity,
            (
                f"{share.format(long)} > {threshold}",
                "and",
                f"{share.format(short)} > {threshold}",
                "and",
                f"pipeline:{slo}:{long.replace('ratio', 'volume')} >= 20",
            ),
            0,
            slo,
        )
        for tier, severity, long, short, threshold in TIERS_OF_ONE_PERCENT
    }


def test_the_other_alerts_have_their_severity_and_duration() -> None:
    names = ("PipelineDown", "PipelineStalled", "PipelineMetricsDropped", "NotificationsFailing", "RuleEvaluationFailing", "Watchdog")  # fmt: skip
    found = {a.name: (a.severity, a.for_seconds, a.further) for name in names for a in by_name(name)}
    assert found == {
        "PipelineDown": ("critical", 120, ("instance",)),
        "PipelineStalled": ("warning", 0, ()),
        "PipelineMetricsDropped": ("warning", 900, ()),
        "NotificationsFailing": ("critical", 900, ("integration",)),
        "RuleEvaluationFailing": ("critical", 900, ()),
        "Watchdog": ("none", 0, ()),
    }


def test_every_alert_says_what_to_do_and_leads_somewhere() -> None:
    for alert in alerts_of(Targets()):
        texts = annotations_of(alert, Targets())
        assert list(texts) == ["summary", "description", "runbook_url", "dashboard_url"]
        assert texts["runbook_url"] == f"http://localhost:8000/runbooks/{alert.name}"
        assert texts["dashboard_url"].startswith("http://localhost:3000/d/pipemeter-")
        assert alert.advice in texts["description"]
        assert "target" in texts["description"]
        assert set(alert.all_labels) == {"severity", "domain", *alert.labels}


def test_bands_of_a_content_type_alert_for_that_type_alone() -> None:
    bands = Bands(warning_low=0.72, window=7200, for_seconds=300, min_items=11)
    targets = Targets(overrides={"news": {"quality_score_avg": bands}})
    own = next(a for a in by_name("PipelineQualityScoreLow", targets) if a.further)
    assert own.expr.splitlines() == [
        'content_type:quality_score_avg:mean2h{content_type="news"} < 0.72',
        "and",
        'content_type:quality_score_avg:volume2h{content_type="news"} >= 11',
    ]
    assert own.all_labels["content_type"] == "news"  # without it promtool's lint sees two rules of the same labels
    assert "var-content_type={{ . | urlquery }}" in annotations_of(own, targets)["dashboard_url"]


def test_texts_say_objectives_and_budgets_unrounded() -> None:
    text = by_name("PipelineErrorBudgetBurn", Targets(slos=(Slo("hard", "error_rate", 0.99999),)))[0].description
    assert "above 0.0144% in both" in text
    assert "(target 99.999% good)" in text
    assert "30d error budget of 0.001% lasts" in text


def test_a_cooldown_keeps_the_alert_firing_and_a_disabled_metric_has_none() -> None:
    targets = Targets(bands={**Targets().bands, "bypass_rate": Bands(warning_low=0.5, cooldown_minutes=90)})
    assert [a.keep_firing_seconds for a in by_name("PipelineBypassRateLow", targets)] == [5400]
    off = Targets(bands={**Targets().bands, "bypass_rate": Bands(warning_low=0.5, enabled=False)})
    assert not by_name("PipelineBypassRateLow", off)


@given(st.integers(1001, 9999))
def test_burn_rates_can_fire_for_any_objective_and_keep_their_order(objective: int) -> None:
    slo = Slo("any", "error_rate", objective / 10_000)
    tiers = tiers_for(slo)
    thresholds = [float(tier.factor * slo.budget) for tier in tiers]
    assert all(0 < threshold < 1 for threshold in thresholds)
    assert thresholds == sorted(thresholds, reverse=True)
    assert tiers[-1].factor == 1
    assert (tiers == TIERS) == (objective >= 9375)  # 14.4 x 6.25 % is 90 %
    assert thresholds[0] < 0.91


def test_a_low_objective_has_its_fastest_tier_at_ninety_percent_bad_events() -> None:
    factors = [float(tier.factor) for tier in tiers_for(Slo("low", "error_rate", 0.80))]
    exponent = math.log(4.5) / math.log(14.4)  # 0.9 / 0.2 = 4.5
    assert factors == pytest.approx([4.5, 6**exponent, 3**exponent, 1], rel=5e-3)


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (Decimal("0.1440"), "0.144"), (60.0, "60"), (1e-7, "0.0000001")]
)
def test_numerals_are_exact(value: float | Decimal, text: str) -> None:
    assert numeral(value) == text
