"""What the events of the content pipeline do to its metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline.domains.content import events
from pipeline.domains.content.families import (
    BYPASSES,
    CHECKPOINT_EVALUATIONS,
    CONFIG_INFO,
    COST_SAVED,
    EARLY_EXITS,
    EXIT_CANDIDATE_CONFIDENCE,
    EXIT_CONFIDENCE,
    FAILURES,
    FEATURE_ENABLED,
    ITEM_DURATION,
    ITEMS,
    ITEMS_ABANDONED,
    LLM_CALLS_SAVED,
    QUALITY_MARGIN,
    QUALITY_SCORE,
    STAGE_DURATION,
    STAGE_ERRORS,
    STAGE_TIME_SAVED,
    THRESHOLD,
    TIME_SAVED,
    TIME_SPENT,
)
from pipeline.domains.exporter.families import INCOMPLETE_RECORDS
from pipeline.metrics.labels import names_item

if TYPE_CHECKING:
    from pipeline.metrics.registry import Metrics


class _ItemSeries:
    """The series that finished items of one label set reach, looked up once."""

    def __init__(self, metrics: Metrics, item: tuple[str, str, str]) -> None:
        quality = metrics.series(QUALITY_SCORE)
        self.items = metrics.series(ITEMS)(*item)
        self.overall = quality("overall", *item)
        self.coherence = quality("coherence", *item)
        self.completeness = quality("completeness", *item)
        self.informativeness = quality("informativeness", *item)
        self.duration = metrics.series(ITEM_DURATION)(*item)
        self.spent = metrics.series(TIME_SPENT)(*item)
        self.saved = metrics.series(TIME_SAVED)(*item)


class ContentHandlers:
    """What each event of the content pipeline does to the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._of_items: dict[tuple[str, str, str], _ItemSeries] = {}
        self._bypasses = metrics.series(BYPASSES)
        self._exits = metrics.series(EARLY_EXITS)
        self._evaluations = metrics.series(CHECKPOINT_EVALUATIONS)
        self._exit_confidence = metrics.series(EXIT_CONFIDENCE)
        self._candidate_confidence = metrics.series(EXIT_CANDIDATE_CONFIDENCE)
        self._margin = metrics.series(QUALITY_MARGIN)
        self._stage_duration = metrics.series(STAGE_DURATION)
        self._stage_saved = metrics.series(STAGE_TIME_SAVED)
        self._failures = metrics.series(FAILURES)
        self._abandoned = metrics.series(ITEMS_ABANDONED)
        self._stage_errors = metrics.series(STAGE_ERRORS)
        self._calls_saved = metrics.series(LLM_CALLS_SAVED)
        self._cost_saved = metrics.series(COST_SAVED)
        self._feature = metrics.series(FEATURE_ENABLED)
        self._threshold = metrics.series(THRESHOLD)
        self._config_info = metrics.series(CONFIG_INFO)
        self._incomplete = metrics.series(INCOMPLETE_RECORDS)
        self._content_type = metrics.guard(ITEMS, "content_type")
        self._version = metrics.guard(ITEMS, "config_version")
        self._bypass_reason = metrics.guard(BYPASSES, "reason")
        self._checkpoint = metrics.guard(EARLY_EXITS, "checkpoint")
        self._exit_reason = metrics.guard(EARLY_EXITS, "reason")
        self._stage = metrics.guard(STAGE_ERRORS, "pipeline_stage")
        self._error_type = metrics.guard(STAGE_ERRORS, "error_type")
        self._feature_name = metrics.guard(FEATURE_ENABLED, "feature")
        self._threshold_name = metrics.guard(THRESHOLD, "threshold")
        self._hash = metrics.guard(CONFIG_INFO, "config_hash")
        self._active_hash: dict[str, str] = {}

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        """Return the function for each type of event."""
        return {
            events.ItemFinished: self._item_finished,
            events.ItemFailed: self._item_failed,
            events.ItemAbandoned: self._item_abandoned,
            events.StageFinished: self._stage_finished,
            events.StageSkipped: self._stage_skipped,
            events.StageFault: self._stage_fault,
            events.CheckpointEvaluated: self._checkpoint_evaluated,
            events.QualityAssessed: self._quality_assessed,
            events.CallsSaved: self._on_calls_saved,
            events.ConfigActivated: self._config_activated,
        }

    def _item_finished(self, event: events.ItemFinished) -> None:
        item = (event.processing_type, self._content_type(event.content_type), self._version(event.config_version))
        series = self._of_items.get(item)
        if series is None:
            series = self._of_items[item] = _ItemSeries(self._metrics, item)
        exemplar = {"item_id": event.item_id} if names_item(event.item_id) else None
        series.items.inc()
        if event.processing_type == "lightweight":
            self._bypasses(self._bypass_reason(event.bypass_reason), *item[1:]).inc()
        elif event.processing_type == "early_exit":
            self._exit(event, item)
        if event.quality_score is not None:
            series.overall.observe(event.quality_score, exemplar)
        if event.coherence is not None:
            series.coherence.observe(event.coherence)
        if event.completeness is not None:
            series.completeness.observe(event.completeness)
        if event.informativeness is not None:
            series.informativeness.observe(event.informativeness)
        self._time(event, series, exemplar)

    def _exit(self, event: events.ItemFinished, item: tuple[str, str, str]) -> None:
        checkpoint = self._checkpoint(event.exit_checkpoint)
        self._exits(checkpoint, self._exit_reason(event.exit_reason), *item[1:]).inc()
        if event.exit_confidence is not None:
            self._exit_confidence(checkpoint).observe(event.exit_confidence)

    def _time(self, event: events.ItemFinished, series: _ItemSeries, exemplar: dict[str, str] | None) -> None:
        spent, share = event.processing_time, event.time_saved_pct
        if spent is None:
            self._incomplete("processing_time").inc()
            return
        series.duration.observe(spent, exemplar)
        series.spent.inc(spent)
        if share:
            series.saved.inc(spent * share / (1 - share))
        elif share is None and event.processing_type != "full":  # full processing saves nothing by definition
            self._incomplete("time_saved").inc()

    def _item_failed(self, event: events.ItemFailed) -> None:
        self._failures(
            self._stage(event.pipeline_stage),
            self._error_type(event.error_type),
            self._content_type(event.content_type),
            self._version(event.config_version),
        ).inc()

    def _item_abandoned(self, event: events.ItemAbandoned) -> None:
        labels = (self._content_type(event.content_type), self._version(event.config_version))
        self._abandoned(event.reason, *labels).inc()

    def _stage_finished(self, event: events.StageFinished) -> None:
        self._stage_duration(self._stage(event.pipeline_stage)).observe(event.duration_seconds)

    def _stage_skipped(self, event: events.StageSkipped) -> None:
        self._stage_saved(self._stage(event.pipeline_stage)).inc(event.saved_seconds)

    def _stage_fault(self, event: events.StageFault) -> None:
        self._stage_errors(self._stage(event.pipeline_stage), self._error_type(event.error_type)).inc()

    def _checkpoint_evaluated(self, event: events.CheckpointEvaluated) -> None:
        checkpoint, version = self._checkpoint(event.checkpoint), self._version(event.config_version)
        self._evaluations(checkpoint, self._content_type(event.content_type), version).inc()
        if event.candidate_confidence is not None:
            self._candidate_confidence(checkpoint, version).observe(event.candidate_confidence)

    def _quality_assessed(self, event: events.QualityAssessed) -> None:
        self._margin(self._content_type(event.content_type), self._version(event.config_version)).observe(event.margin)

    def _on_calls_saved(self, event: events.CallsSaved) -> None:
        item = (event.processing_type, self._content_type(event.content_type), self._version(event.config_version))
        self._calls_saved(*item).inc(event.llm_calls)
        self._cost_saved(*item).inc(event.cost_usd)

    def _config_activated(self, event: events.ConfigActivated) -> None:
        version, config_hash = self._version(event.config_version), self._hash(event.config_hash)
        previous = self._active_hash.get(version)
        if previous not in (None, config_hash):  # one version has one active content
            self._config_info.forget(version, previous)
        self._active_hash[version] = config_hash
        self._config_info(version, config_hash).set(1)
        for name, value in event.thresholds.items():
            self._threshold(self._threshold_name(name), version).set(value)
        for name, on in event.features.items():
            self._feature(self._feature_name(name)).set(on)
