"""The labels that alerts carry are made from what the domains declare."""

from __future__ import annotations

import msgspec

from monitoring.alerts.labels import identity, of_all, of_domain
from monitoring.alerts.plan import plan_of
from monitoring.domains.catalogue import DOMAINS
from monitoring.targets import waiting
from monitoring.targets.targets import Targets

CONTENT, EXPORTER = DOMAINS


def test_a_domains_alerts_differ_by_overrides_by_their_series_and_by_objective() -> None:
    assert of_domain(CONTENT) == ("content_type", "instance", "slo")
    assert of_domain(EXPORTER) == ("instance", "integration")
    assert of_all() == ("content_type", "instance", "slo", "integration")


def test_a_band_that_judges_each_value_for_itself_adds_its_label() -> None:
    first, *others = CONTENT.metrics
    split = msgspec.structs.replace(first, by=("config_version",))
    changed = msgspec.structs.replace(CONTENT, metrics=(split, *others))
    assert of_domain(changed) == ("content_type", "config_version", "instance", "slo")


def test_what_no_compiled_alert_carries_is_in_no_identity_but_for_domains_to_come() -> None:
    carried = {"alertname", "domain", *of_all()}
    assert set(identity()) == carried | set(waiting.LABELS)
    assert identity()[:2] == ("alertname", "domain")
    assert not {"severity", "burnrate_tier"} & set(identity())


def test_every_label_of_every_compiled_alert_is_known() -> None:
    for alert in plan_of(Targets()).alerts:
        known = {"severity", "domain", "burnrate_tier", *of_all()}
        assert {*alert.all_labels, *alert.further} <= known, alert.name
