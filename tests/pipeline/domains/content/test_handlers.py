from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics import exposition as openmetrics

from pipeline.domains.catalogue import live_metrics
from pipeline.domains.content.known import known_values
from pipeline.domains.content.labels import DIMENSIONS
from pipeline.events import (
    CallsSaved,
    CheckpointEvaluated,
    ConfigActivated,
    ItemAbandoned,
    ItemFailed,
    ItemFinished,
    QualityAssessed,
    StageFault,
    StageFinished,
    StageSkipped,
)
from pipeline.metrics.registry import Metrics

KNOWN = known_values(("news", "review"), "blue", {"post_download": ("too_short",), "post_analysis": ("nothing_found",)})


@pytest.fixture
def metrics() -> Metrics:
    return live_metrics(CollectorRegistry(), known=KNOWN)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_bypasses_without_a_reason_have_a_series_of_their_own_from_the_start(metrics: Metrics) -> None:
    labels = {"content_type": "news", "config_version": "blue"}
    assert value(metrics, "pipeline_bypasses_total", reason="low_quality", **labels) == 0
    assert value(metrics, "pipeline_bypasses_total", reason="unspecified", **labels) == 0
    metrics.apply_many([ItemFinished("lightweight", "news", config_version="blue")] * 3)
    assert value(metrics, "pipeline_bypasses_total", reason="unspecified", **labels) == 3


def test_known_label_sets_stand_at_zero(metrics: Metrics) -> None:
    item = {"processing_type": "full", "content_type": "review", "config_version": "blue"}
    assert value(metrics, "pipeline_items_total", **item) == 0
    assert value(metrics, "pipeline_quality_score_count", dimension="coherence", **item) == 0
    assert value(metrics, "exporter_label_overflow_total", label="content_type") == 0


def test_an_exit_reason_stands_at_zero_only_at_its_checkpoint(metrics: Metrics) -> None:
    where = {"content_type": "news", "config_version": "blue"}
    exits = "pipeline_early_exits_total"
    assert value(metrics, exits, checkpoint="post_download", reason="too_short", **where) == 0
    assert value(metrics, exits, checkpoint="post_analysis", reason="too_short", **where) is None


def test_a_finished_item_reaches_all_its_families(metrics: Metrics) -> None:
    metrics.apply(
        ItemFinished("lightweight", "news", 0.51, 35.2, time_saved_pct=0.75, coherence=0.41, completeness=0.31,
                     informativeness=0.21, bypass_reason="low_quality", config_version="blue", item_id="abc")
    )  # fmt: skip
    item = {"processing_type": "lightweight", "content_type": "news", "config_version": "blue"}
    assert value(metrics, "pipeline_items_total", **item) == 1
    assert (
        value(metrics, "pipeline_bypasses_total", reason="low_quality", content_type="news", config_version="blue") == 1
    )
    sums = {d: value(metrics, "pipeline_quality_score_sum", dimension=d, **item) for d in DIMENSIONS}
    assert sums == {"overall": 0.51, "coherence": 0.41, "completeness": 0.31, "informativeness": 0.21}
    assert value(metrics, "pipeline_time_spent_seconds_total", **item) == 35.2
    assert value(metrics, "pipeline_time_saved_seconds_total", **item) == pytest.approx(105.6)
    assert value(metrics, "pipeline_item_duration_seconds_sum", **item) == 35.2


def test_an_early_exit_is_counted_by_checkpoint_and_reason(metrics: Metrics) -> None:
    metrics.apply(
        ItemFinished("early_exit", exit_checkpoint="post_download", exit_reason="too_short", exit_confidence=0.9)
    )
    labels = {"content_type": "unspecified", "config_version": "unspecified"}
    exits = "pipeline_early_exits_total"
    assert value(metrics, exits, checkpoint="post_download", reason="too_short", **labels) == 1
    assert value(metrics, "pipeline_exit_confidence_sum", checkpoint="post_download") == 0.9


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (ItemFinished("full"), "processing_time"),
        (ItemFinished("lightweight", time_saved_pct=0.5), "processing_time"),
        (ItemFinished("lightweight", processing_time=3.0), "time_saved"),
        (ItemFinished("full", processing_time=3.0), None),
        (ItemFinished("lightweight", processing_time=3.0, time_saved_pct=0.0), None),
    ],
)
def test_a_record_without_what_savings_need_is_counted_as_incomplete(
    metrics: Metrics, event: ItemFinished, reason: str | None
) -> None:
    metrics.apply(event)
    for candidate in ("processing_time", "time_saved"):
        assert value(metrics, "exporter_incomplete_records_total", reason=candidate) == (candidate == reason)
    labels = {"processing_type": event.processing_type, "content_type": "unspecified", "config_version": "unspecified"}
    assert value(metrics, "pipeline_items_total", **labels) == 1
    assert not value(metrics, "pipeline_time_saved_seconds_total", **labels)


def test_an_item_id_that_no_text_can_hold_does_not_spoil_a_scrape(metrics: Metrics) -> None:
    for item_id in ("\ud800", "a\nb", "x" * 500, "fine"):
        metrics.apply(ItemFinished("full", "news", 0.8, 1.0, item_id=item_id))
    text = openmetrics.generate_latest(metrics.registry).decode()  # type: ignore[no-untyped-call]
    assert 'item_id="fine"' in text


def test_the_other_events_reach_their_families(metrics: Metrics) -> None:
    where = {"content_type": "news", "config_version": "blue"}
    metrics.apply(ItemFailed("download", "timeout", **where))
    metrics.apply(ItemAbandoned("interrupted", processing_time=2.0, pipeline_stage="download", **where))
    metrics.apply(StageFinished("download", 0.3))
    metrics.apply(StageFault("analysis", "rate_limited"))
    for seconds in (2.5, 4.0):
        metrics.apply(StageSkipped("analysis", seconds))
    metrics.apply(CheckpointEvaluated("post_download", candidate_confidence=0.4, **where))
    metrics.apply(QualityAssessed(-0.2, **where))
    metrics.apply(CallsSaved("lightweight", 3, 0.01, **where))
    assert value(metrics, "pipeline_failures_total", pipeline_stage="download", error_type="timeout", **where) == 1
    assert value(metrics, "pipeline_items_abandoned_total", reason="interrupted", **where) == 1
    assert value(metrics, "pipeline_items_abandoned_total", reason="cancelled", **where) == 0
    assert value(metrics, "pipeline_stage_duration_seconds_sum", pipeline_stage="download") == 0.3
    assert value(metrics, "pipeline_stage_errors_total", pipeline_stage="analysis", error_type="rate_limited") == 1
    assert value(metrics, "pipeline_stage_time_saved_seconds_total", pipeline_stage="analysis") == 6.5
    assert value(metrics, "pipeline_checkpoint_evaluations_total", checkpoint="post_download", **where) == 1
    name = "pipeline_exit_candidate_confidence_sum"
    assert value(metrics, name, checkpoint="post_download", config_version="blue") == 0.4
    below, above = ({"le": le, **where} for le in ("-0.25", "-0.2"))
    assert [value(metrics, "pipeline_quality_margin_ratio_bucket", **at) for at in (below, above)] == [0, 1]
    assert value(metrics, "pipeline_llm_calls_saved_total", processing_type="lightweight", **where) == 3
    assert value(metrics, "pipeline_cost_saved_usd_total", processing_type="lightweight", **where) == 0.01


def test_a_configuration_replaces_that_of_the_same_version(metrics: Metrics) -> None:
    metrics.apply(ConfigActivated("one", "blue", {"min_overall": 0.6}, {"early_exit": True}))
    metrics.apply(ConfigActivated("two", "blue", {"min_overall": 0.7}, {"early_exit": False}))
    metrics.apply(ConfigActivated("two", "green"))
    assert value(metrics, "pipeline_config_info", config_version="blue", config_hash="one") is None
    assert value(metrics, "pipeline_config_info", config_version="blue", config_hash="two") == 1
    assert value(metrics, "pipeline_config_info", config_version="green", config_hash="two") == 1
    assert value(metrics, "pipeline_threshold_ratio", threshold="min_overall", config_version="blue") == 0.7
    assert value(metrics, "pipeline_feature_enabled", feature="early_exit") == 0


def _series(metrics: Metrics) -> int:
    return sum(len(family.samples) for family in metrics.registry.collect())


def _event(kind: int, a: str | None, b: str | None) -> Any:
    return (
        ItemFinished("early_exit", a, 0.5, 1.0, b, a, 0.5, 0.5, config_version=b),
        ItemFinished("lightweight", b, 0.5, config_version=a),
        ItemFailed(a or "", b or "", b, a),
        CheckpointEvaluated(a or "", b, a, 0.5),
        StageFault(a or "", b or ""),
    )[kind]


def test_a_flood_of_made_up_values_stays_within_the_caps() -> None:
    caps = {
        "content_type": 6,
        "config_version": 3,
        "checkpoint": 5,
        "reason": 4,
        "pipeline_stage": 11,
        "error_type": 15,
    }
    metrics = live_metrics(CollectorRegistry(), known=KNOWN, caps=caps)
    counts = []
    for round_ in range(4):
        for i in range(150):
            metrics.apply(_event(i % 5, f"a{round_}-{i}", f"b{round_}-{i}\n" if i % 7 == 0 else f"b{round_}-{i}"))
        counts.append(_series(metrics))
    allowed = {name: cap + 2 for name, cap in caps.items()}  # `other` and `unspecified` beside the cap
    for family in metrics.registry.collect():
        for label, cap in allowed.items():
            if family.name.startswith("exporter_"):  # closed sets of the exporter's own
                continue
            assert len({s.labels[label] for s in family.samples if label in s.labels}) <= cap, (family.name, label)
    overflow = value(metrics, "exporter_label_overflow_total", label="content_type")
    assert overflow is not None
    assert overflow > 300
