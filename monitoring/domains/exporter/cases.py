"""promtool test cases of the alerts about the chain that tells of alerts."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains.case import Case, lasting
from monitoring.domains.exporter.alerts import (
    JOURNAL_DAMAGED,
    NOTIFICATIONS_FAILING,
    RULE_EVALUATION_FAILING,
    WATCHDOG,
)

_UNDELIVERED = 'alertmanager_notifications_failed_total{integration="slack",instance="alertmanager:9093"}'
_UNEVALUATED = 'prometheus_rule_evaluation_failures_total{rule_group="g",instance="prometheus:9090"}'

_LOST = 'exporter_journal_lost_records_total{job="pipeline",instance="e:8000"}'


def _lost(title: str, at: str, silent: tuple[str, ...]) -> Case:
    """Return a case of an exporter that starts after an hour and finds 59 records of its journal lost."""
    return Case(
        title,
        {_LOST: "0x59 59x120"},
        silent=silent,
        at=at,
        labels={"instance": "e:8000"},
        texts={
            "summary": "Records in the journal of e:8000 are lost",
            "description": "59 records that e:8000 had accepted were found to be lost in the "
            f"last hour (target 0): its journal was damaged. All else was put back, and counting goes on. "
            f"{JOURNAL_DAMAGED.advice}",
        },
    )


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
    JOURNAL_DAMAGED.name: (
        _lost("fires with the first scrape after a damaged journal was mended", at="60m", silent=("59m",)),
        _lost("fires for an hour, and resolves", at="110m", silent=("125m",)),
        Case("silent about what was lost long ago", {_LOST: "7x90"}, silent=("5m", "60m", "90m")),
        Case("silent where nothing was ever lost", {_LOST: "0x90"}, silent=("5m", "60m", "90m")),
    ),
    WATCHDOG.name: (Case("fires from the first evaluation on, whatever there is", {}, at="0m"),),
}
