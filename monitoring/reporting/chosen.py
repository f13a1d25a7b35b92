"""Which signals `status` and `report` tell of beside each domain's headlines, and in which order: chosen here alone."""

from __future__ import annotations

from collections.abc import Mapping

TOTALS = (
    "items",
    "failures",
    "abandonments",
    "bypasses",
    "early_exits",
    "spent_seconds",
    "saved_seconds",
    "saved_usd",
    "saved_llm_calls",
)
COLUMNS: Mapping[str, str] = {  # of a content type or a configuration, with their headings
    "bypass_rate": "Bypassed",
    "early_exit_share": "Early exit",
    "time_savings": "Time saved",
    "quality_score_avg": "Quality in full (of all)",
    "error_rate": "Errors",
}
BEHIND: Mapping[str, str] = {"quality_score_avg": "quality_score_scored_avg"}  # what follows a value, in parentheses
READ = tuple(name for column in COLUMNS for name in (column, BEHIND.get(column)) if name)  # what a row is made of
DRAWN = (
    "time_savings",
    "quality_score_avg",
    "bypass_rate",
    "early_exit_share",
    "error_rate",
    "item_duration_p95_seconds",
)
