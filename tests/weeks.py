"""Two made-up weeks of known truth, in a real Prometheus: every counter rises evenly, twice as fast in the second week.

Numbers are distinct, so that a swap shows.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from bench.backfill import MISSING, Floats, Series, backfill, running_prometheus

END = 1_795_219_200.0  # 2026-11-21 00:00 UTC
HOUR, DAY = 3600.0, 86_400.0
WEEK = 7 * DAY
SPACING = 240.0
HOSTILE = '<script>alert("1")</script>|\\`x`\n\x1b[31mred'
CHANGED = END - 3 * DAY  # when the configuration changed
NEEDED = pytest.mark.skipif(
    (MISSING["prometheus"] or MISSING["promtool"]) and "CI" not in os.environ, reason="prometheus is not installed"
)

# an hour of the second week: items, seconds spent, seconds saved; by content type and way
RATES = {
    ("news", "full"): (4.0, 400.0, 0.0),
    ("news", "lightweight"): (2.5, 25.0, 225.0),
    ("news", "early_exit"): (3.5, 15.0, 335.0),
    (HOSTILE, "full"): (1.0, 170.0, 0.0),
    (HOSTILE, "early_exit"): (2.0, 10.0, 290.0),
}
ITEMS, FAILURES = 13.0 * 168, 0.25 * 168  # of the second week
SCORES = {"news": 0.81, HOSTILE: 0.61}  # mean overall score of full items
_TIMES = np.arange(END - 2 * WEEK - DAY, END + 1, SPACING)
_OURS = {"job": "pipeline", "instance": "one:8000"}


def _rising(an_hour: float) -> Floats:
    hours = (_TIMES - _TIMES[0]) / HOUR
    turn = (END - WEEK - _TIMES[0]) / HOUR
    risen = an_hour / 2 * hours + an_hour / 2 * np.maximum(hours - turn, 0.0)
    return np.asarray(np.floor(risen + 1e-6), dtype=np.float64)


def _series(name: str, labels: Mapping[str, str], values: Floats, times: Floats = _TIMES) -> Series:
    return Series(name, {**labels, **_OURS}, times, values)


def weeks() -> Iterator[Series]:
    """Yield all series."""
    for (kind, way), (items, spent, saved) in RATES.items():
        labels = {"processing_type": way, "content_type": kind, "config_version": "balanced"}
        yield _series("pipeline_items_total", labels, _rising(items))
        yield _series("pipeline_time_spent_seconds_total", labels, _rising(spent))
        yield _series("pipeline_time_saved_seconds_total", labels, _rising(saved))
        yield _series("pipeline_cost_saved_usd_total", labels, _rising(saved / 10_000))
        yield _series("pipeline_llm_calls_saved_total", labels, _rising(saved / 50))
        if way == "full":
            scored = {**labels, "dimension": "overall"}
            yield _series("pipeline_quality_score_count", scored, _rising(items))
            yield _series("pipeline_quality_score_sum", scored, _rising(items * SCORES[kind]))
            for edge, share in (("0.5", 0.0), ("0.7", 0.25), ("+Inf", 1.0)):
                yield _series("pipeline_quality_score_bucket", {**scored, "le": edge}, _rising(items * share))
    failed = {
        "pipeline_stage": "download",
        "error_type": "timeout",
        "content_type": "news",
        "config_version": "balanced",
    }
    yield _series("pipeline_failures_total", failed, _rising(0.25))
    yield from _checkpoints()
    yield from _configuration()
    yield from _alerts()


def _checkpoints() -> Iterator[Series]:
    more = {"content_type": "news", "config_version": "balanced"}
    for point, asked, exits in (("post_download", 13.0, 1.5), ("post_analysis", 5.0, 2.0)):
        yield _series("pipeline_checkpoint_evaluations_total", {"checkpoint": point, **more}, _rising(asked))
        yield _series(
            "pipeline_early_exits_total", {"checkpoint": point, "reason": f"at_{point}", **more}, _rising(exits)
        )
        yield _series("pipeline_exit_confidence_sum", {"checkpoint": point}, _rising(exits * 0.9))
        for edge, share in (("0.85", 0.0), ("+Inf", 1.0)):
            yield _series("pipeline_exit_confidence_bucket", {"checkpoint": point, "le": edge}, _rising(exits * share))
        yield _series("pipeline_exit_confidence_count", {"checkpoint": point}, _rising(exits))


def _configuration() -> Iterator[Series]:
    ones = np.ones(len(_TIMES))
    for digest, there in (("aaaa", _TIMES < CHANGED), ("bbbb", _TIMES >= CHANGED)):
        labels = {"config_version": "balanced", "config_hash": digest}
        yield _series("pipeline_config_info", labels, ones[there], _TIMES[there])
    threshold = {"threshold": "min_overall", "config_version": "balanced"}
    yield _series("pipeline_threshold_ratio", threshold, np.where(_TIMES < CHANGED, 0.65, 0.6))
    yield _series("pipeline_feature_enabled", {"feature": "early_exit"}, np.where(_TIMES < CHANGED + DAY, 0.0, 1.0))
    yield _series("exporter_build_info", {"version": "0.1.0", "python_version": "3.11.9"}, ones)
    yield _series("up", {}, np.where(np.arange(len(_TIMES)) % 400 == 7, 0.0, 1.0))  # one scrape of 400 fails


def _alerts() -> Iterator[Series]:
    for name, severity, start, end in (
        ("PipelineQualityScoreLow", "warning", END - 2 * DAY, END - 2 * DAY + 3 * HOUR),
        ("PipelineErrorBudgetBurn", "critical", END - HOUR / 2, END),
        ("Watchdog", "none", END - DAY, END),
    ):
        times = np.arange(start, end + 1, 60.0)
        labels = {"alertname": name, "alertstate": "firing", "severity": severity, "domain": "pipeline"}
        yield Series("ALERTS", labels, times, np.ones(len(times)))


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the two weeks and yield the address."""
    backfill(weeks(), folder)
    with running_prometheus(folder) as url:
        yield url
