"""promtool test cases of the alerts about the chain that tells of alerts."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains.case import Case, lasting
from monitoring.domains.exporter.alerts import NOTIFICATIONS_FAILING, RULE_EVALUATION_FAILING, WATCHDOG

_UNDELIVERED = 'alertmanager_notifications_failed_total{integration="slack",instance="alertmanager:9093"}'
_UNEVALUATED = 'prometheus_rule_evaluation_failures_total{rule_group="g",instance="prometheus:9090"}'

CASES: Mapping[str, tuple[Case, ...]] = {
    NOTIFICATIONS_FAILING.name: lasting(
        (_UNDELIVERED,),
        {
            "summary": "Alertmanager cannot deliver to slack",
            "description": "Notifications to slack have failed for 15m or longer (10 in the last 5m, target 0). "
            f"{NOTIFICATIONS_FAILING.advice}",
        },
        {"integration": "slack"},
    ),
    RULE_EVALUATION_FAILING.name: lasting(
        (_UNEVALUATED,),
        {
            "description": "Rules have failed to evaluate for 15m or longer (10 times in the last 5m, target 0), so "
            f"that alerts may be silent that should fire. {RULE_EVALUATION_FAILING.advice}"
        },
    ),
    WATCHDOG.name: (Case("fires from the first evaluation on, whatever there is", {}, at="0m"),),
}
