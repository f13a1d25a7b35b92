"""Metrics of the content pipeline: which way items went, what it took, what it saved, how good they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard

from pipeline import events
from pipeline.metrics.family import Family, Label, Summed, edges
from pipeline.metrics.labels import is_clean

if TYPE_CHECKING:
    from pipeline.metrics.registry import Metrics, Series

_EXEMPLAR_LENGTH = 100  # OpenMetrics allows 128 characters for all of an exemplar's labels
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
        own=(Label("reason", events.BYPASS_REASONS),),
    ),
    Family(
        "pipeline_early_exits_total",
        "counter",
        "Items that left at a checkpoint, by the condition that held.",
        ("checkpoint", "reason", "content_type", "config_version"),
        own=(Label("reason", cap=48, example="too_short"),),
        pairs={"reason": "checkpoint"},
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
        recorded=Summed(buckets_of={"dimension": "overall"}),
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
        recorded=Summed(over=("error_type",)),  # 14 kinds of error a stage would be 700 series a window
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
    Family(
        "pipeline_stage_time_saved_seconds_total",
        "counter",
        "Time saved, by the stage that full processing would have spent it in; what was done instead is taken off all.",
        ("pipeline_stage",),
    ),
    Family("pipeline_llm_calls_saved_total", "counter", "Model calls that shortcuts made unnecessary.", _ITEM),
    Family("pipeline_cost_saved_usd_total", "counter", "Cost of the model calls that shortcuts saved.", _ITEM),
    Family("pipeline_items_in_progress", "gauge", "Items being processed in this process right now.", kept="process"),
    Family(
        "pipeline_last_item_timestamp_seconds",
        "gauge",
        "Unix time when this process last saw an item finish or fail; 0 before the first.",
        kept="process",
    ),
    Family("pipeline_feature_enabled", "gauge", "1 if the feature is on, 0 if it is off.", ("feature",), kept="config"),
    Family(
        "pipeline_threshold_ratio",
        "gauge",
        "Thresholds of the active configuration.",
        ("threshold", "config_version"),
        zeros=False,
        kept="config",
    ),
    Family(
        "pipeline_config_info",
        "gauge",
        "Always 1; names the active configuration.",
        ("config_version", "config_hash"),
        zeros=False,
        kept="config",
    ),
)


def names_item(item_id: str | None) -> TypeGuard[str]:
    """Tell whether an item's id is fit to be an exemplar."""
    return bool(item_id) and len(str(item_id)) <= _EXEMPLAR_LENGTH and is_clean(str(item_id))


class _ItemSeries:
    """The series that finished items of one label set reach, looked up once."""

    def __init__(self, metrics: Metrics, item: tuple[str, str, str]) -> None:
        quality = metrics.series("pipeline_quality_score")
        self.items = metrics.series("pipeline_items_total")(*item)
        self.overall = quality("overall", *item)
        self.coherence = quality("coherence", *item)
        self.completeness = quality("completeness", *item)
        self.informativeness = quality("informativeness", *item)
        self.duration = metrics.series("pipeline_item_duration_seconds")(*item)
        self.spent = metrics.series("pipeline_time_spent_seconds_total")(*item)
        self.saved = metrics.series("pipeline_time_saved_seconds_total")(*item)


class ContentHandlers:
    """What each event of the content pipeline does to the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        def bind(name: str) -> Series:
            return metrics.series(f"pipeline_{name}")

        self._metrics = metrics
        self._of_items: dict[tuple[str, str, str], _ItemSeries] = {}
        self._bypasses = bind("bypasses_total")
        self._exits = bind("early_exits_total")
        self._evaluations = bind("checkpoint_evaluations_total")
        self._exit_confidence = bind("exit_confidence")
        self._candidate_confidence = bind("exit_candidate_confidence")
        self._margin = bind("quality_margin_ratio")
        self._stage_duration = bind("stage_duration_seconds")
        self._stage_saved = bind("stage_time_saved_seconds_total")
        self._failures = bind("failures_total")
        self._stage_errors = bind("stage_errors_total")
        self._calls_saved = bind("llm_calls_saved_total")
        self._cost_saved = bind("cost_saved_usd_total")
        self._feature = bind("feature_enabled")
        self._threshold = bind("threshold_ratio")
        self._config_info = bind("config_info")
        self._incomplete = metrics.series("exporter_incomplete_records_total")
        self._content_type = metrics.guard("pipeline_items_total", "content_type")
        self._version = metrics.guard("pipeline_items_total", "config_version")
        self._bypass_reason = metrics.guard("pipeline_bypasses_total", "reason")
        self._checkpoint = metrics.guard("pipeline_early_exits_total", "checkpoint")
        self._exit_reason = metrics.guard("pipeline_early_exits_total", "reason")
        self._stage = metrics.guard("pipeline_stage_errors_total", "pipeline_stage")
        self._error_type = metrics.guard("pipeline_stage_errors_total", "error_type")
        self._feature_name = metrics.guard("pipeline_feature_enabled", "feature")
        self._threshold_name = metrics.guard("pipeline_threshold_ratio", "threshold")
        self._hash = metrics.guard("pipeline_config_info", "config_hash")
        self._active_hash: dict[str, str] = {}

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        """Return the function for each type of event."""
        return {
            events.ItemFinished: self._item_finished,
            events.ItemFailed: self._item_failed,
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
