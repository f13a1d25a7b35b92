"""Metrics of the content pipeline: which way items went, what it took, what it saved, how good they were.

Those of the shadow sample tell whether skips were right, and saved what was claimed (docs/shadow.md).
"""

from __future__ import annotations

from pipeline.domains.content.events import ABANDON_REASONS, BYPASS_REASONS
from pipeline.metrics.family import Family, Label, Summed, edges

_ITEM = ("processing_type", "content_type", "config_version")
_RATIO = edges(0.05, 1.0, 0.05)
_RATIO_WHY = "every 0.05, so that any threshold an operator may set is an edge or lies next to one"

ITEMS = Family("pipeline_items_total", "counter", "Items that left the pipeline, by the way they took.", _ITEM)
BYPASSES = Family(
    "pipeline_bypasses_total",
    "counter",
    "Items that went the lightweight way, by the reason for it.",
    ("reason", "content_type", "config_version"),
    own=(Label("reason", BYPASS_REASONS, unspecified="beside"),),
)
EARLY_EXITS = Family(
    "pipeline_early_exits_total",
    "counter",
    "Items that left at a checkpoint, by the condition that held.",
    ("checkpoint", "reason", "content_type", "config_version"),
    own=(Label("reason", cap=48, example="too_short"),),
    pairs={"reason": "checkpoint"},
)
CHECKPOINT_EVALUATIONS = Family(
    "pipeline_checkpoint_evaluations_total",
    "counter",
    "Times a checkpoint was asked whether an item should leave.",
    ("checkpoint", "content_type", "config_version"),
)
EXIT_CONFIDENCE = Family(
    "pipeline_exit_confidence", "histogram", "Confidence of the exits taken.", ("checkpoint",), _RATIO, _RATIO_WHY
)
EXIT_CANDIDATE_CONFIDENCE = Family(
    "pipeline_exit_candidate_confidence",
    "histogram",
    "Confidence whenever an exit condition held, whether the item left or not.",
    ("checkpoint", "config_version"),
    _RATIO,
    _RATIO_WHY,
)
QUALITY_SCORE = Family(
    "pipeline_quality_score",
    "histogram",
    "Quality of finished items, by dimension.",
    ("dimension", *_ITEM),
    _RATIO,
    _RATIO_WHY,
    recorded=Summed(buckets_of={"dimension": "overall"}),
)
QUALITY_MARGIN = Family(
    "pipeline_quality_margin_ratio",
    "histogram",
    "Least, over the quality dimensions, of score minus threshold; negative is below a threshold.",
    ("content_type", "config_version"),
    edges(-1.0, 1.0, 0.05),
    "every 0.05: the joint distribution that threshold tuning needs, zero is an edge",
)
ITEM_DURATION = Family(
    "pipeline_item_duration_seconds",
    "histogram",
    "Wall time an item spent in the pipeline.",
    _ITEM,
    (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
    "from a short text (tens of ms) to hours of video on a slow machine, about three edges a decade",
)
STAGE_DURATION = Family(
    "pipeline_stage_duration_seconds",
    "histogram",
    "Wall time of one stage for one item.",
    ("pipeline_stage",),
    (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 1800),
    "stages span a millisecond of memory to half an hour of speech recognition",
)
FAILURES = Family(
    "pipeline_failures_total",
    "counter",
    "Items that ended failed, by the stage that failed; they are not among the finished items.",
    ("pipeline_stage", "error_type", "content_type", "config_version"),
    recorded=Summed(over=("error_type",)),  # 14 kinds of error a stage would be 700 series a window
)
ITEMS_ABANDONED = Family(
    "pipeline_items_abandoned_total",
    "counter",
    "Items that were left before they finished or failed, because somebody cancelled them or interrupted the program.",
    ("reason", "content_type", "config_version"),
    own=(Label("reason", ABANDON_REASONS),),
)
STAGE_ERRORS = Family(
    "pipeline_stage_errors_total",
    "counter",
    "Faults that stages met, those retried or survived included.",
    ("pipeline_stage", "error_type"),
)
TIME_SPENT = Family("pipeline_time_spent_seconds_total", "counter", "Time spent on finished items.", _ITEM)
TIME_SAVED = Family(
    "pipeline_time_saved_seconds_total",
    "counter",
    "Time that full processing would have cost beyond what was spent.",
    _ITEM,
)
STAGE_TIME_SAVED = Family(
    "pipeline_stage_time_saved_seconds_total",
    "counter",
    "Time saved, by the stage that full processing would have spent it in; what was done instead is taken off all.",
    ("pipeline_stage",),
)
LLM_CALLS_SAVED = Family(
    "pipeline_llm_calls_saved_total", "counter", "Model calls that shortcuts made unnecessary.", _ITEM
)
COST_SAVED = Family("pipeline_cost_saved_usd_total", "counter", "Cost of the model calls that shortcuts saved.", _ITEM)
ITEMS_IN_PROGRESS = Family(
    "pipeline_items_in_progress", "gauge", "Items being processed in this process right now.", kept="process"
)
LAST_ITEM_TIMESTAMP = Family(
    "pipeline_last_item_timestamp_seconds",
    "gauge",
    "Unix time when this process last saw an item finish or fail; 0 before the first.",
    kept="process",
)
FEATURE_ENABLED = Family(
    "pipeline_feature_enabled", "gauge", "1 if the feature is on, 0 if it is off.", ("feature",), kept="config"
)
THRESHOLD = Family(
    "pipeline_threshold_ratio",
    "gauge",
    "Thresholds of the active configuration.",
    ("threshold", "config_version"),
    zeros=False,
    kept="config",
)
CONFIG_INFO = Family(
    "pipeline_config_info",
    "gauge",
    "Always 1; names the active configuration.",
    ("config_version", "config_hash"),
    zeros=False,
    kept="config",
)

_SAVED = ("decision", "content_type", "config_version")

SHADOW_ITEMS = Family(
    "pipeline_shadow_items_total",
    "counter",
    "Skipped items that were processed in full all the same, by what had skipped them and whether that was right.",
    ("decision", "verdict", "content_type", "config_version"),
)
SHADOW_SAVINGS_ERROR = Family(
    "pipeline_shadow_savings_error_ratio",
    "histogram",
    "Error of the estimated savings of one shadow item: (estimated - true) / true; above 0 too much was claimed.",
    ("content_type", "config_version"),
    (-0.9, -0.75, -0.5, -0.3, -0.2, -0.1, -0.05, 0, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 3, 9),
    "fine where the estimate should lie, then 2, 4 and 10 times too little (-0.5, -0.75, -0.9) or too much (1, 3, "
    "9); zero is an edge, so that the share of items whose savings are overstated can be read off",
)
SHADOW_ESTIMATED_SAVED = Family(
    "pipeline_shadow_estimated_saved_seconds_total",
    "counter",
    "Seconds that shadow items' skips were estimated to save; over the true ones it is the bias of the estimate.",
    _SAVED,
)
SHADOW_TRUE_SAVED = Family(
    "pipeline_shadow_true_saved_seconds_total",
    "counter",
    "Seconds that the same shadow items' skips truly saved.",
    _SAVED,
)

FAMILIES: tuple[Family, ...] = (
    ITEMS,
    BYPASSES,
    EARLY_EXITS,
    CHECKPOINT_EVALUATIONS,
    EXIT_CONFIDENCE,
    EXIT_CANDIDATE_CONFIDENCE,
    QUALITY_SCORE,
    QUALITY_MARGIN,
    ITEM_DURATION,
    STAGE_DURATION,
    FAILURES,
    ITEMS_ABANDONED,
    STAGE_ERRORS,
    TIME_SPENT,
    TIME_SAVED,
    STAGE_TIME_SAVED,
    LLM_CALLS_SAVED,
    COST_SAVED,
    ITEMS_IN_PROGRESS,
    LAST_ITEM_TIMESTAMP,
    FEATURE_ENABLED,
    THRESHOLD,
    CONFIG_INFO,
    SHADOW_ITEMS,
    SHADOW_SAVINGS_ERROR,
    SHADOW_ESTIMATED_SAVED,
    SHADOW_TRUE_SAVED,
)
