"""What some targets come to: every alert and every rule, worked out once and handed to whatever writes them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitoring.alerts.alert import Alert, alerts_of
from monitoring.alerts.recording_rules import Group, recording_files
from monitoring.alerts.rule_groups import alert_file, alert_rule
from monitoring.targets.targets import Targets


class Plan(msgspec.Struct, frozen=True):
    """Targets, the alerts they ask for in the order of triage, and the groups of every rule file by relative path."""

    targets: Targets
    alerts: tuple[Alert, ...]
    files: Mapping[str, list[Group]]

    @property
    def groups(self) -> list[Group]:
        """Return all groups, the recording ones first: what a replay of the rules evaluates."""
        return [group for groups in self.files.values() for group in groups]

    @property
    def by_name(self) -> dict[str, list[Alert]]:
        """Return the alerts of each name."""
        found: dict[str, list[Alert]] = {}
        for alert in self.alerts:
            found.setdefault(alert.name, []).append(alert)
        return found


def plan_of(targets: Targets) -> Plan:
    """Work out what the targets come to."""
    alerts = tuple(alerts_of(targets))
    files = recording_files(targets, alerts)
    for domain in dict.fromkeys(alert.domain for alert in alerts):
        rules = [alert_rule(alert, targets) for alert in alerts if alert.domain == domain]
        files[alert_file(domain)] = [{"name": f"pipemeter-{domain}", "rules": rules}]
    return Plan(targets, alerts, files)
