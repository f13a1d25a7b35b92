"""The shapes in which the API tells what was counted. What each ratio is, its signal says (monitoring/domains).

All ratios are sums divided by sums, never means of ratios; null when there is nothing to divide by. exit_rate of a
checkpoint = its exits / all finished items. Quality by the hour is of items processed in full (what people got); of a
content type it is of all its scored items (what the type is like), with that of items processed in full beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from exporter.api.moments import moment
from exporter.counting.figures import QUALITY, Sums, counts_by, ratio, total
from monitoring.domains.catalogue import signal

TOP_REASONS = 5


class Trend(msgspec.Struct, frozen=True):
    """One hour of quality; means of items processed in full, 0..1 or null."""

    timestamp: str  # start of the hour, ISO 8601 in UTC
    timestamp_seconds: float  # the same in Unix seconds
    avg_quality_score: float | None
    coherence_score: float | None
    completeness_score: float | None
    informativeness_score: float | None
    items_processed: int


def trend(start: float, sums: Sums) -> Trend:
    """Return the row of the hour that begins at that Unix time."""
    overall, coherence, completeness, informativeness = (ratio(sums, name) for name in QUALITY)
    return Trend(moment(start), start, overall, coherence, completeness, informativeness, round(items(sums)))


def items(sums: Sums, **narrowed: str) -> float:
    """Return how many items finished."""
    return total(sums, signal("bypass_rate").denominator, **narrowed)


def summary(sums: Sums) -> dict[str, Any]:
    """Return the answer of `metrics/summary`."""
    skipped = total(sums, signal("bypass_rate").numerator)
    exited = total(sums, signal("early_exit_rate").numerator)
    return {
        "total_processed": round(items(sums)),
        "quality_bypassed": round(skipped - exited),
        "early_exits": round(exited),
        "full_processing": round(items(sums) - skipped),
        "bypass_rate": ratio(sums, "bypass_rate"),
        "early_exit_rate": ratio(sums, "early_exit_rate"),
        "avg_time_savings": ratio(sums, "time_savings"),
        "total_time_saved_hours": total(sums, signal("saved_seconds").numerator) / 3600,
    }


def content_types(sums: Sums) -> list[dict[str, Any]]:
    """Return the rows of `content-types`, the most frequent first."""
    rows = [
        {
            "content_type": kind,
            "count": round(count),
            "bypass_rate": ratio(sums, "bypass_rate", content_type=kind),
            "avg_quality_score": ratio(sums, "quality_score_scored_avg", content_type=kind),
            "avg_quality_score_full": ratio(sums, "quality_score_avg", content_type=kind),
            "avg_processing_time": ratio(sums, "item_duration_avg_seconds", content_type=kind),
        }
        for kind, count in counts_by(sums, signal("bypass_rate").denominator, "content_type").items()
        if round(count) > 0
    ]
    return sorted(rows, key=lambda row: (-row["count"], row["content_type"]))


def checkpoints(sums: Sums) -> list[dict[str, Any]]:
    """Return the rows of `checkpoints`, the one with most exits first."""
    exits, finished = signal("early_exits").numerator, items(sums)
    rows = [
        {
            "checkpoint_name": name,
            "exit_count": round(count),
            "exit_rate": count / finished if finished else None,
            "top_exit_reasons": _top(counts_by(sums, exits, "reason", checkpoint=name)),
            "avg_confidence": ratio(sums, "exit_confidence_avg", checkpoint=name),
        }
        for name, count in counts_by(sums, exits, "checkpoint").items()
        if round(count) > 0
    ]
    return sorted(rows, key=lambda row: (-row["exit_count"], row["checkpoint_name"]))


def _top(reasons: dict[str, float]) -> list[dict[str, Any]]:
    ordered: Iterable[tuple[str, float]] = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [{"reason": reason, "count": round(n)} for reason, n in ordered if round(n) > 0][:TOP_REASONS]
