"""Metrics of the content pipeline: which way items went, what it took, what it saved, how good they were."""

from __future__ import annotations

from pipeline.metrics.family import Family, edges

_ITEM = ("processing_type", "content_type", "config_version")
_RATIO = edges(0.05, 1.0, 0.05)
_RATIO_WHY = "every 0.05, so that any threshold an operator may set is an edge or lies next to one"

FAMILIES: tuple[Family, ...] = (
    Family("pipeline_items_total", "counter", "Items that left the pipeline, by the way they took.", _ITEM),
    Family(
        "pipeline_bypasses_total",
        "counter",
        "Items that went the lightweight way, by the reason for it.",
        ("reason", "content_type", "config_version"),
    ),
    Family(
        "pipeline_early_exits_total",
        "counter",
        "Items that left at a checkpoint, by the condition that held.",
        ("checkpoint", "reason", "content_type", "config_version"),
    ),
    Family(
        "pipeline_checkpoint_evaluations_total",
        "counter",
        "Times a checkpoint was asked whether an item should leave.",
        ("checkpoint", "content_type", "config_version"),
    ),
    Family(
        "pipeline_exit_confidence", "histogram", "Confidence of the exits taken.", ("checkpoint",), _RATIO, _RATIO_WHY
    ),
    Family(
        "pipeline_exit_candidate_confidence",
        "histogram",
        "Confidence whenever an exit condition held, whether the item left or not.",
        ("checkpoint", "config_version"),
        _RATIO,
        _RATIO_WHY,
    ),
    Family(
        "pipeline_quality_score",
        "histogram",
        "Quality of finished items, by dimension.",
        ("dimension", *_ITEM),
        _RATIO,
        _RATIO_WHY,
    ),
    Family(
        "pipeline_quality_margin_ratio",
        "histogram",
        "Least, over the quality dimensions, of score minus threshold; negative is below a threshold.",
        ("content_type", "config_version"),
        edges(-1.0, 1.0, 0.05),
        "every 0.05: the joint distribution that threshold tuning needs, zero is an edge",
    ),
    Family(
        "pipeline_item_duration_seconds",
        "histogram",
        "Wall time an item spent in the pipeline.",
        _ITEM,
        (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
        "from a short text (tens of ms) to hours of video on a slow machine, about three edges a decade",
    ),
    Family(
        "pipeline_stage_duration_seconds",
        "histogram",
        "Wall time of one stage for one item.",
        ("pipeline_stage",),
        (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 1800),
        "stages span a millisecond of memory to half an hour of speech recognition",
    ),
    Family(
        "pipeline_failures_total",
        "counter",
        "Items that ended failed, by the stage that failed; they are not among the finished items.",
        ("pipeline_stage", "error_type", "content_type", "config_version"),
    ),
    Family(
        "pipeline_stage_errors_total",
        "counter",
        "Faults that stages met, those retried or survived included.",
        ("pipeline_stage", "error_type"),
    ),
    Family("pipeline_time_spent_seconds_total", "counter", "Time spent on finished items.", _ITEM),
    Family(
        "pipeline_time_saved_seconds_total",
        "counter",
        "Time that full processing would have cost beyond what was spent.",
        _ITEM,
    ),
    Family("pipeline_llm_calls_saved_total", "counter", "Model calls that shortcuts made unnecessary.", _ITEM),
    Family("pipeline_cost_saved_usd_total", "counter", "Cost of the model calls that shortcuts saved.", _ITEM),
    Family("pipeline_items_in_progress", "gauge", "Items being processed in this process right now."),
    Family(
        "pipeline_last_item_timestamp_seconds",
        "gauge",
        "Unix time when this process last saw an item finish or fail; 0 before the first.",
    ),
    Family("pipeline_feature_enabled", "gauge", "1 if the feature is on, 0 if it is off.", ("feature",)),
    Family(
        "pipeline_threshold_ratio", "gauge", "Thresholds of the active configuration.", ("threshold", "config_version")
    ),
    Family(
        "pipeline_config_info", "gauge", "Always 1; names the active configuration.", ("config_version", "config_hash")
    ),
)
