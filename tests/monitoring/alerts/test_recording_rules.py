"""What is recorded, and under which names."""

from __future__ import annotations

import re

from monitoring.alerts.plan import plan_of
from monitoring.targets.targets import Targets


def test_recorded_names_have_three_parts_and_are_unique() -> None:
    names = [rule["record"] for group in plan_of(Targets()).groups for rule in group["rules"] if "record" in rule]
    assert all(re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", name) for name in names)
    assert len(names) - names.count("slo:error_budget_remaining:ratio") == len(set(names)) - 1
