"""What was counted, as plain numbers, wherever they come from; and the shapes in which the API tells them.

Definitions (all ratios are sums divided by sums, never means of ratios; null when there is nothing to divide by):
bypass_rate = (lightweight + early_exit) / total; early_exit_rate = early_exit / total; exit_rate of a checkpoint = its
exits / total; avg_time_savings = saved / (saved + spent); quality = mean overall score of items processed in full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

TOP_REASONS = 5
Pair = tuple[str, str]


class Mean(msgspec.Struct):
    """A count and a sum, from which a mean follows."""

    count: float = 0.0
    sum: float = 0.0

    def value(self) -> float | None:
        """Return the mean, None when nothing was counted."""
        return self.sum / self.count if self.count else None


class Totals(msgspec.Struct):
    """Counts by (processing type, content type) or (checkpoint, reason); seconds; means by content type."""

    items: dict[Pair, float] = {}
    spent: float = 0.0
    saved: float = 0.0
    quality: dict[str, Mean] = {}  # overall score of items processed in full
    duration: dict[str, Mean] = {}  # seconds, all items
    exits: dict[Pair, float] = {}
    confidence: dict[str, Mean] = {}  # by checkpoint

    @property
    def count(self) -> float:
        """How many items there were."""
        return sum(self.items.values())

    def by_way(self, content_type: str | None = None) -> dict[str, float]:
        """Return the counts by processing type, of one content type or of all."""
        counts: dict[str, float] = defaultdict(float)
        for (way, kind), count in self.items.items():
            if content_type in (None, kind):
                counts[way] += count
        return counts


class Trend(msgspec.Struct, frozen=True):
    """One hour of quality; means of items processed in full, 0..1 or null."""

    timestamp: float  # Unix seconds, start of the hour
    avg_quality_score: float | None
    coherence_score: float | None
    completeness_score: float | None
    informativeness_score: float | None
    items_processed: int


def ratio(part: float, whole: float) -> float | None:
    """Return part / whole, None when there is no whole."""
    return part / whole if whole else None


def summary(totals: Totals) -> dict[str, Any]:
    """Return the answer of `metrics/summary`."""
    ways = totals.by_way()
    bypassed, exited = ways["lightweight"], ways["early_exit"]
    return {
        "total_processed": round(totals.count),
        "quality_bypassed": round(bypassed),
        "early_exits": round(exited),
        "full_processing": round(ways["full"]),
        "bypass_rate": ratio(bypassed + exited, totals.count),
        "early_exit_rate": ratio(exited, totals.count),
        "avg_time_savings": ratio(totals.saved, totals.saved + totals.spent),
        "total_time_saved_hours": totals.saved / 3600,
    }


def content_types(totals: Totals) -> list[dict[str, Any]]:
    """Return the rows of `content-types`, the most frequent first."""
    rows = []
    for kind in dict.fromkeys(kind for _, kind in totals.items):
        ways = totals.by_way(kind)
        count = sum(ways.values())
        if round(count) > 0:
            rows.append(
                {
                    "content_type": kind,
                    "count": round(count),
                    "bypass_rate": ratio(ways["lightweight"] + ways["early_exit"], count),
                    "avg_quality_score": totals.quality.get(kind, Mean()).value(),
                    "avg_processing_time": totals.duration.get(kind, Mean()).value(),
                }
            )
    return sorted(rows, key=lambda row: (-row["count"], row["content_type"]))


def checkpoints(totals: Totals) -> list[dict[str, Any]]:
    """Return the rows of `checkpoints`, the one with most exits first."""
    rows = []
    for name in dict.fromkeys(name for name, _ in totals.exits):
        reasons = {reason: count for (place, reason), count in totals.exits.items() if place == name}
        count = sum(reasons.values())
        if round(count) > 0:
            rows.append(
                {
                    "checkpoint_name": name,
                    "exit_count": round(count),
                    "exit_rate": ratio(count, totals.count),
                    "top_exit_reasons": _top(reasons),
                    "avg_confidence": totals.confidence.get(name, Mean()).value(),
                }
            )
    return sorted(rows, key=lambda row: (-row["exit_count"], row["checkpoint_name"]))


def _top(reasons: dict[str, float]) -> list[dict[str, Any]]:
    ordered: Iterable[tuple[str, float]] = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [{"reason": reason, "count": round(n)} for reason, n in ordered if round(n) > 0][:TOP_REASONS]
