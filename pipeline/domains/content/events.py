"""What a content pipeline can report. What each event does to the metrics stands in `handlers` and `shadow`."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from pipeline.domains.event import Count, Dollars, DomainEvent, Margin, Ratio, SavedShare, Seconds

ProcessingType = Literal["full", "lightweight", "early_exit"]
BypassReason = Literal["low_quality", "content_type"]
AbandonReason = Literal["cancelled", "interrupted"]
SkipDecision = Literal["quality_filter", "content_type", "early_exit"]
SkipVerdict = Literal["right", "wrong"]
PROCESSING_TYPES: tuple[ProcessingType, ...] = get_args(ProcessingType)
SHORTCUTS: tuple[ProcessingType, ...] = ("lightweight", "early_exit")  # the ways that skip work: what bypassed is
BYPASS_REASONS: tuple[BypassReason, ...] = get_args(BypassReason)
ABANDON_REASONS: tuple[AbandonReason, ...] = get_args(AbandonReason)
SKIP_DECISIONS: tuple[SkipDecision, ...] = get_args(SkipDecision)
SKIP_VERDICTS: tuple[SkipVerdict, ...] = get_args(SkipVerdict)


class ItemFinished(DomainEvent, frozen=True, tag="item_finished"):
    """An item left the pipeline, by whichever way. Seconds, ratios 0..1; `time_saved_pct` is a fraction 0 <= p < 1."""

    processing_type: ProcessingType
    content_type: str | None = None
    quality_score: Ratio | None = None
    processing_time: Seconds | None = None
    exit_checkpoint: str | None = None
    exit_reason: str | None = None
    exit_confidence: Ratio | None = None
    time_saved_pct: SavedShare | None = None
    coherence: Ratio | None = None
    completeness: Ratio | None = None
    informativeness: Ratio | None = None
    bypass_reason: BypassReason | None = None
    config_version: str | None = None
    item_id: str | None = None


class ItemFailed(DomainEvent, frozen=True, tag="item_failed"):
    """An item ended without an outcome: a stage failed for good. It is not among the finished ones."""

    pipeline_stage: str
    error_type: str
    content_type: str | None = None
    config_version: str | None = None
    item_id: str | None = None


class ItemAbandoned(DomainEvent, frozen=True, tag="item_abandoned"):
    """Somebody left an item before it finished or failed: cancelled it, or interrupted the program.

    `processing_time`: seconds spent on it until then; `pipeline_stage`: the stage it was in, None between stages.
    """

    reason: AbandonReason
    content_type: str | None = None
    processing_time: Seconds | None = None
    pipeline_stage: str | None = None
    config_version: str | None = None
    item_id: str | None = None


class StageFinished(DomainEvent, frozen=True, tag="stage_finished"):
    """A stage did its work for one item."""

    pipeline_stage: str
    duration_seconds: Seconds
    item_id: str | None = None


class StageSkipped(DomainEvent, frozen=True, tag="stage_skipped"):
    """A shortcut made a stage unnecessary for one item. Seconds: the stage's share of what the item saved."""

    pipeline_stage: str
    saved_seconds: Seconds


class StageFault(DomainEvent, frozen=True, tag="stage_fault"):
    """A stage met a fault, whether it was retried, survived or fatal."""

    pipeline_stage: str
    error_type: str


class CheckpointEvaluated(DomainEvent, frozen=True, tag="checkpoint_evaluated"):
    """A checkpoint was asked. `candidate_confidence` is set whenever a condition held, exit or not."""

    checkpoint: str
    content_type: str | None = None
    config_version: str | None = None
    candidate_confidence: Ratio | None = None


class QualityAssessed(DomainEvent, frozen=True, tag="quality_assessed"):
    """A text was scored. `margin`: the least, over the four dimensions, of score minus threshold (-1..1)."""

    margin: Margin
    content_type: str | None = None
    config_version: str | None = None


class CallsSaved(DomainEvent, frozen=True, tag="calls_saved"):
    """Model calls, and what they would have cost, that a shortcut made unnecessary for one item."""

    processing_type: ProcessingType
    llm_calls: Count
    cost_usd: Dollars = 0.0
    content_type: str | None = None
    config_version: str | None = None


class ShadowJudged(DomainEvent, frozen=True, tag="shadow_judged"):
    """A skipped item was processed in full all the same, and the skip was right or wrong (docs/shadow.md).

    `content_type` is what full processing found. Seconds that the skip saved: as estimated when the item left, and in
    truth; both or neither.
    """

    decision: SkipDecision
    verdict: SkipVerdict
    content_type: str | None = None
    config_version: str | None = None
    estimated_saved_seconds: Seconds | None = None
    true_saved_seconds: Seconds | None = None
    item_id: str | None = None


class ConfigActivated(DomainEvent, frozen=True, tag="config_activated"):
    """A configuration came into force: its thresholds (0..1 by name) and which features are on."""

    config_hash: str
    config_version: str | None = None
    thresholds: dict[str, Ratio] = msgspec.field(default_factory=dict)
    features: dict[str, bool] = msgspec.field(default_factory=dict)


ContentEvent = (
    ItemFinished
    | ItemFailed
    | ItemAbandoned
    | StageFinished
    | StageSkipped
    | StageFault
    | CheckpointEvaluated
    | QualityAssessed
    | CallsSaved
    | ShadowJudged
    | ConfigActivated
)
EVENTS: tuple[type[ContentEvent], ...] = get_args(ContentEvent)
