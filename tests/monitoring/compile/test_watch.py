"""One alert as its tests see it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from monitoring.alerts.alert import Alert, alerts_of
from monitoring.compile.watch import Stretch, Watch
from monitoring.domains.band import Bands
from monitoring.targets.targets import Targets

OVERRIDES = {"news": {"bypass_rate": Bands(warning_low=0.2)}}
WATCHED = [alert for alert in alerts_of(Targets(overrides=OVERRIDES)) if alert.case]
each = pytest.mark.parametrize("alert", WATCHED, ids=[" ".join([a.name, *a.all_labels.values()]) for a in WATCHED])


def named(name: str, **labels: str) -> Alert:
    return next(a for a in WATCHED if a.name == name and labels.items() <= a.all_labels.items())


@each
def test_values_lie_on_the_side_of_the_threshold_that_they_are_called_after(alert: Alert) -> None:
    watch = Watch(alert, 60)
    assert [watch.breaches(value) for value in (watch.inside, watch.healthy)] == [False, False]
    assert [watch.breaches(value) for value in (watch.outside, watch.extreme)] == [True, True]


@each
def test_what_is_fed_in_never_shrinks(alert: Alert) -> None:
    watch = Watch(alert, 60)
    for value in (watch.inside, watch.outside, watch.healthy, watch.extreme):
        assert all(growth >= 0 for growth in watch.increments(value, Decimal(50)).values())


def test_a_breach_begins_when_the_window_crosses_the_threshold_and_not_below_the_volume() -> None:
    watch = Watch(named("PipelineBypassRateLow", severity="critical"), 60)
    stretches = [Stretch(60, Decimal("0.5"), Decimal(1)), Stretch(60, Decimal("0.2"), Decimal(1))]
    breached = watch.breached(stretches)
    assert breached.index(True) == 60 + 21  # 0.5 - 0.3 n / 60 falls below 0.40 after 20 steps
    assert not any(watch.breached([Stretch(120, Decimal("0.2"), Decimal("0.3"))]))  # 18 items an hour, 20 needed


def test_an_override_is_fed_with_its_own_content_type() -> None:
    watch = Watch(named("PipelineBypassRateLow", content_type="news"), 60)
    assert watch.labels == {"content_type": "news"}
    assert all('content_type="news"' in atom for atom in watch.increments(watch.inside, Decimal(1)))


def test_a_label_that_each_value_is_judged_by_has_an_example() -> None:
    alert = msgspec.structs.replace(named("PipelineWrongSkipsHigh"), further=("decision",))
    assert Watch(alert, 60).labels == {"decision": "early_exit"}
