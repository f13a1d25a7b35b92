from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from pipeline import InProcessRecorder, NullRecorder, current_item
from pipeline.configuration.config import load_config
from pipeline.domains.content.families import STAGE_TIME_SAVED
from pipeline.errors import StageError
from pipeline.events import ItemFailed, ItemFinished
from pipeline.item import Fact
from pipeline.metrics.registry import Metrics
from pipeline.recording.item_scope import ItemScope

ON = {
    "ENABLE_EARLY_EXIT": "1",
    "ENABLE_QUALITY_FILTERING": "1",
    "ENABLE_CONTENT_ROUTING": "1",
    "CONFIG_VERSION": "blue",
}


class Clock:
    """Advances by what it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def recorder() -> InProcessRecorder:
    return InProcessRecorder(CollectorRegistry(), load_config(None, ON))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_an_item_that_runs_through_is_full(recorder: InProcessRecorder, clock: Clock) -> None:
    with ItemScope(recorder, content_type="news", item_id="x", clock=clock) as item:
        with item.stage("download"):
            clock.now += 2
        assert not item.checkpoint("post_download", duration_seconds=300.0).exit
        with item.stage("analysis"):
            clock.now += 5
    assert item.outcome == ItemFinished(
        "full", "news", None, 7.0, time_saved_pct=0.0, config_version="blue", item_id="x"
    )
    assert value(recorder.metrics, "pipeline_stage_duration_seconds_sum", pipeline_stage="analysis") == 5
    where = {"checkpoint": "post_download", "content_type": "news", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_checkpoint_evaluations_total", **where) == 1


def test_an_exit_at_a_checkpoint_saves_what_full_items_cost(recorder: InProcessRecorder, clock: Clock) -> None:
    for seconds in (100.0, 42.0):
        with ItemScope(recorder, content_type="news", length_seconds=80.0, clock=clock) as item:
            with item.stage("download"):
                clock.now += 2
            if item.checkpoint("post_download", duration_seconds=seconds).exit:
                continue
            with item.stage("analysis"):
                clock.now += 6
    assert isinstance(item.outcome, ItemFinished)
    assert item.outcome.exit_reason == "too_short"
    assert item.outcome.exit_confidence == 1.0
    assert item.outcome.time_saved_pct == pytest.approx(0.75, abs=0.01)


def test_nothing_is_claimed_as_saved_before_a_full_item_was_seen(recorder: InProcessRecorder) -> None:
    with recorder.item() as item:
        item.checkpoint("post_download", duration_seconds=42)
    assert isinstance(item.outcome, ItemFinished)
    assert item.outcome.time_saved_pct is None
    assert value(recorder.metrics, "exporter_incomplete_records_total", reason="time_saved") == 1


def test_with_the_flag_off_nobody_leaves_but_candidates_are_counted() -> None:
    recorder = InProcessRecorder(CollectorRegistry(), load_config(None, {}))
    with recorder.item() as item:
        assert not item.checkpoint("post_download", duration_seconds=42).exit
    assert isinstance(item.outcome, ItemFinished)
    assert item.outcome.processing_type == "full"
    labels = {"checkpoint": "post_download", "config_version": "unspecified"}
    assert value(recorder.metrics, "pipeline_exit_candidate_confidence_count", **labels) == 1
    assert value(recorder.metrics, "pipeline_exit_confidence_count", checkpoint="post_download") == 0


def test_an_unreliable_fact_does_not_let_an_item_leave(recorder: InProcessRecorder) -> None:
    with recorder.item() as item:
        assert not item.checkpoint("post_download", duration_seconds=Fact(42.0, 0.5)).exit


def test_low_quality_goes_the_lightweight_way(recorder: InProcessRecorder) -> None:
    with recorder.item(content_type="news") as item:
        assert item.quality(0.55, 0.7, 0.7, 0.7).failed == ("overall",)
        assert item.route().bypass
    assert isinstance(item.outcome, ItemFinished)
    assert (item.outcome.processing_type, item.outcome.bypass_reason) == ("lightweight", "low_quality")
    margin = {"content_type": "news", "config_version": "blue"}
    buckets = [
        value(recorder.metrics, "pipeline_quality_margin_ratio_bucket", le=le, **margin) for le in ("-0.1", "-0.05")
    ]
    assert buckets == [1, 1]  # although 0.55 - 0.65 is a hair above -0.1 in binary


def test_an_exception_makes_a_failed_item_and_goes_on(recorder: InProcessRecorder) -> None:
    with pytest.raises(StageError), recorder.item(content_type="news") as item, item.stage("download"):
        raise StageError("timeout", "too slow")
    assert item.outcome == ItemFailed("download", "timeout", "news", "blue")
    failure = {"pipeline_stage": "download", "error_type": "timeout", "content_type": "news", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_failures_total", **failure) == 1
    assert value(recorder.metrics, "pipeline_stage_errors_total", pipeline_stage="download", error_type="timeout") == 1
    item_labels = {"processing_type": "full", "content_type": "news", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_items_total", **item_labels) == 0


def test_stages_side_by_side_cost_their_wall_time_once(recorder: InProcessRecorder, clock: Clock) -> None:
    with ItemScope(recorder, clock=clock) as item, item.parallel("analyze"):
        for stage in ("analysis", "perspective"):
            with item.stage(stage):
                clock.now += 1
    assert recorder.costs.full_steps() == {"analyze"}


def saved_by_stage(recorder: InProcessRecorder) -> dict[str, float]:
    family = recorder.metrics.family(STAGE_TIME_SAVED)
    samples = [s for metric in family.collect() for s in metric.samples]
    return {s.labels["pipeline_stage"]: s.value for s in samples if s.value}


def test_what_is_saved_is_divided_among_the_stages_that_were_skipped(recorder: InProcessRecorder, clock: Clock) -> None:
    def follow(item: ItemScope, duration: float) -> None:
        with item.stage("download"):
            clock.now += 2
        if item.checkpoint("post_download", duration_seconds=duration).exit:
            return
        with item.stage("transcription", step="reading"):
            clock.now += 3
        with item.parallel("analyze"):
            for stage, seconds in (("analysis", 5), ("perspective", 1)):
                with item.stage(stage):
                    clock.now += seconds

    for duration in (300.0, 42.0):
        with ItemScope(recorder, content_type="news", length_seconds=80.0, clock=clock) as item:
            follow(item, duration)
    labels = {"processing_type": "early_exit", "content_type": "news", "config_version": "blue"}
    saved = value(recorder.metrics, "pipeline_time_saved_seconds_total", **labels)
    assert saved == pytest.approx(3 + 5 + 1, rel=0.02)
    found = saved_by_stage(recorder)
    assert sum(found.values()) == pytest.approx(saved)
    assert found == pytest.approx({"transcription": 3, "analysis": 5, "perspective": 1}, rel=0.02)


def test_what_was_done_instead_is_taken_off_every_stage_alike(recorder: InProcessRecorder, clock: Clock) -> None:
    with ItemScope(recorder, content_type="news", length_seconds=80.0, clock=clock) as item:
        for stage, seconds in (("download", 2), ("analysis", 6), ("memory", 2)):
            with item.stage(stage):
                clock.now += seconds
    assert saved_by_stage(recorder) == {}  # full processing saves nothing
    with ItemScope(recorder, content_type="news", length_seconds=80.0, clock=clock) as item:
        with item.stage("download"):
            clock.now += 2
        item.finish("lightweight", bypass_reason="content_type")
        with item.stage("summary"):
            clock.now += 4
    labels = {"processing_type": "lightweight", "content_type": "news", "config_version": "blue"}
    saved = value(recorder.metrics, "pipeline_time_saved_seconds_total", **labels)
    assert saved == pytest.approx(6 + 2 - 4, rel=0.02)
    assert saved_by_stage(recorder) == pytest.approx({"analysis": 3, "memory": 1}, rel=0.02)
    assert sum(saved_by_stage(recorder).values()) == pytest.approx(saved)


def test_a_discarded_item_leaves_no_trace(recorder: InProcessRecorder) -> None:
    with recorder.item(content_type="news") as item:
        item.discard()
    labels = {"processing_type": "full", "content_type": "news", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_items_total", **labels) == 0
    assert item.outcome is None


def test_a_pipeline_may_decide_for_itself(recorder: InProcessRecorder) -> None:
    with recorder.item(content_type="news") as item:
        item.finish("lightweight", bypass_reason="content_type")
    assert isinstance(item.outcome, ItemFinished)
    assert (item.outcome.processing_type, item.outcome.bypass_reason) == ("lightweight", "content_type")


def test_items_in_progress_rise_and_fall(recorder: InProcessRecorder) -> None:
    with recorder.item():
        assert value(recorder.metrics, "pipeline_items_in_progress") == 1
    assert value(recorder.metrics, "pipeline_items_in_progress") == 0
    assert value(recorder.metrics, "pipeline_last_item_timestamp_seconds")


def test_a_function_can_be_an_item(recorder: InProcessRecorder) -> None:
    @recorder.item(content_type="news")
    def work(number: int) -> int:
        with current_item().stage("analysis"):
            return number + 1

    assert [work(1), work(2)] == [2, 3]
    labels = {"processing_type": "full", "content_type": "news", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_items_total", **labels) == 2


def test_async_functions_and_blocks_can_be_items_side_by_side(recorder: InProcessRecorder) -> None:
    @recorder.item(content_type="news")
    async def work(number: int) -> ItemScope:
        async with current_item().stage("download"):
            await asyncio.sleep(0)
        return current_item()

    async def both() -> list[ItemScope]:
        async with recorder.item(content_type="education"):
            return list(await asyncio.gather(work(1), work(2)))

    first, second = asyncio.run(both())
    assert first is not second
    labels = {"processing_type": "full", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_items_total", content_type="news", **labels) == 2
    assert value(recorder.metrics, "pipeline_items_total", content_type="education", **labels) == 1


def test_outside_of_an_item_there_is_none() -> None:
    with pytest.raises(LookupError, match="no item"):
        current_item()


def test_decisions_are_made_without_metrics_too() -> None:
    recorder = NullRecorder(load_config(None, ON))
    with recorder.item() as item:
        with item.stage("download"), item.parallel("x"):
            pass
        assert item.checkpoint("post_download", duration_seconds=42).exit
    assert item.outcome is None
