from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pipeline import InProcessRecorder, NullRecorder, Recorder, current_item
from pipeline.configuration.config import load_config
from pipeline.errors import StageError
from pipeline.events import ItemFinished
from pipeline.recording.item_scope import Again, ItemScope
from tests.pipeline.recording.test_item_scope import ON, Clock, value

ALL = {**ON, "SHADOW_RATE": "1"}


@pytest.fixture
def recorder() -> InProcessRecorder:
    return InProcessRecorder(CollectorRegistry(), load_config(None, ALL))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def follow(item: ItemScope, clock: Clock, duration: float, *, findings: int, analysis: float = 6.0) -> None:
    """Somebody's pipeline: download, a checkpoint, analysis."""
    with item.stage("download"):
        clock.now += 2
    if item.checkpoint("post_download", duration_seconds=duration).exit:
        return
    with item.stage("analysis"):
        clock.now += analysis
    item.quality(0.9, 0.9, 0.9, 0.9, content_type="news")
    item.yielded(findings)


def full_item(recorder: Recorder, clock: Clock, findings: int = 10) -> None:
    with ItemScope(recorder, content_type="news", item_id="full", length_seconds=80.0, clock=clock) as item:
        follow(item, clock, 300.0, findings=findings)
    assert item.shadow() is None  # it was not skipped


def short_item(recorder: Recorder, clock: Clock) -> Again | None:
    with ItemScope(recorder, item_id="short", length_seconds=80.0, clock=clock) as item:
        follow(item, clock, 30.0, findings=0)
    assert isinstance(item.outcome, ItemFinished)
    assert item.outcome.processing_type == "early_exit"
    return item.shadow()


def verdicts(recorder: InProcessRecorder, **labels: str) -> float:
    families = recorder.metrics.registry.collect()
    samples = [s for family in families for s in family.samples if s.name == "pipeline_shadow_items_total"]
    return sum(s.value for s in samples if labels.items() <= s.labels.items())


def ordinary(recorder: InProcessRecorder) -> dict[tuple[str, ...], float]:
    families = recorder.metrics.registry.collect()
    samples = (s for family in families for s in family.samples if "shadow" not in s.name)
    return {(s.name, *map(str, s.labels.items())): s.value for s in samples if s.name != "exporter_records_total"}


@pytest.mark.parametrize(("findings", "verdict"), [(5, "wrong"), (4, "right")])
def test_a_skipped_item_is_judged_by_what_full_processing_finds(
    recorder: InProcessRecorder, clock: Clock, findings: int, verdict: str
) -> None:
    full_item(recorder, clock, findings=10)
    shadow = short_item(recorder, clock)
    assert shadow
    with shadow as again:
        follow(again, clock, 30.0, findings=findings, analysis=4.0)
    where = {"content_type": "news", "config_version": "blue"}
    assert verdicts(recorder, decision="early_exit", verdict=verdict, **where) == verdicts(recorder) == 1


def test_savings_are_compared_over_the_steps_that_were_skipped(recorder: InProcessRecorder, clock: Clock) -> None:
    full_item(recorder, clock)
    shadow = short_item(recorder, clock)
    assert shadow
    with shadow as again:  # from the start: the second download is no part of what was saved
        follow(again, clock, 30.0, findings=1, analysis=4.0)
    saved = {"decision": "early_exit", "content_type": "news", "config_version": "blue"}
    estimated = value(recorder.metrics, "pipeline_shadow_estimated_saved_seconds_total", **saved)
    assert estimated == pytest.approx(6.0, rel=0.01)
    assert value(recorder.metrics, "pipeline_shadow_true_saved_seconds_total", **saved) == 4.0
    error = "pipeline_shadow_savings_error_ratio_bucket"
    where = {"content_type": "news", "config_version": "blue"}
    below, above = (value(recorder.metrics, error, le=le, **where) for le in ("0.3", "1.0"))
    assert (below, above) == (0, 1)  # (6 - 4) / 4


def test_a_step_that_shadow_work_leaves_out_counts_as_estimated(recorder: InProcessRecorder, clock: Clock) -> None:
    for findings in (3, 3):
        with ItemScope(recorder, content_type="news", length_seconds=80.0, clock=clock) as item:
            follow(item, clock, 300.0, findings=findings)
            with item.stage("memory"):
                clock.now += 1.0
    shadow = short_item(recorder, clock)
    assert shadow
    with shadow as again:
        follow(again, clock, 30.0, findings=1, analysis=4.0)
    saved = {"decision": "early_exit", "content_type": "news", "config_version": "blue"}
    true = value(recorder.metrics, "pipeline_shadow_true_saved_seconds_total", **saved)
    assert true == pytest.approx(4.0 + 1.0, rel=0.01)


def test_what_was_done_instead_is_taken_off(recorder: InProcessRecorder, clock: Clock) -> None:
    full_item(recorder, clock)
    with ItemScope(recorder, content_type="news", item_id="low", length_seconds=80.0, clock=clock) as item:
        item.quality(0.1, 0.1, 0.1, 0.1)
        assert item.route().bypass
        with item.stage("summary"):
            clock.now += 1.5
    shadow = item.shadow()
    assert shadow
    with shadow as again:
        with again.stage("download"):
            clock.now += 2.0
        with again.stage("analysis"):
            clock.now += 5.0
        again.yielded(7)
    labels = {"decision": "quality_filter", "content_type": "news", "config_version": "blue"}
    assert value(recorder.metrics, "pipeline_shadow_true_saved_seconds_total", **labels) == 2.0 + 5.0 - 1.5
    assert value(recorder.metrics, "pipeline_shadow_items_total", verdict="wrong", **labels) == 1


def test_shadow_work_moves_no_ordinary_metric_and_teaches_nothing(recorder: InProcessRecorder, clock: Clock) -> None:
    full_item(recorder, clock)
    shadow = short_item(recorder, clock)
    before, steps = ordinary(recorder), recorder.costs.estimate(["analysis", "(yield)"], "news", 80.0)
    assert shadow
    with shadow as again:
        assert not again.checkpoint("post_download", duration_seconds=1.0).exit
        again.quality(0.1, 0.1, 0.1, 0.1, content_type="news")
        assert not again.route().bypass
        again.fault("download", "timeout")
        again.calls_saved(3)
        follow(current_item(), clock, 1.0, findings=99, analysis=77.0)
    assert verdicts(recorder) == 1
    assert ordinary(recorder) == before
    assert recorder.costs.estimate(["analysis", "(yield)"], "news", 80.0) == steps


def test_content_without_anything_in_it_was_rightly_skipped(recorder: InProcessRecorder, clock: Clock) -> None:
    shadow = short_item(recorder, clock)
    assert shadow
    with shadow as again, again.stage("transcription"):
        raise StageError("empty", "no speech was heard")
    assert verdicts(recorder, verdict="right", content_type="unspecified") == verdicts(recorder) == 1


def test_shadow_work_that_fails_hurts_nobody_and_is_not_judged(recorder: InProcessRecorder, clock: Clock) -> None:
    shadow = short_item(recorder, clock)
    before = ordinary(recorder)
    assert shadow
    with capture_logs() as logs, shadow as again, again.stage("analysis"):
        raise ZeroDivisionError("a bug")
    assert verdicts(recorder) == 0
    assert ordinary(recorder) == before
    assert [(log["event"], log["error_type"]) for log in logs] == [("shadow item not judged", "internal")]


def test_an_interrupt_is_not_swallowed(recorder: InProcessRecorder, clock: Clock) -> None:
    shadow = short_item(recorder, clock)
    assert shadow
    with pytest.raises(KeyboardInterrupt), shadow:
        raise KeyboardInterrupt
    assert verdicts(recorder) == 0


def test_without_a_yield_nothing_is_judged(recorder: InProcessRecorder, clock: Clock) -> None:
    shadow = short_item(recorder, clock)
    assert shadow
    with shadow as again, again.stage("analysis"):
        clock.now += 4
    assert verdicts(recorder) == 0


@pytest.mark.parametrize(
    ("environ", "item_id"),
    [({**ALL, "SHADOW_RATE": "0"}, "short"), (ALL, None), (ALL, "")],
    ids=["rate 0", "no id", "empty id"],
)
def test_items_outside_of_the_sample_have_no_shadow(environ: dict[str, str], item_id: str | None) -> None:
    recorder = InProcessRecorder(CollectorRegistry(), load_config(None, environ))
    with recorder.item(item_id=item_id) as item:
        assert item.checkpoint("post_download", duration_seconds=30).exit
    assert item.shadow() is None


def test_failed_discarded_and_otherwise_bypassed_items_have_no_shadow(recorder: InProcessRecorder) -> None:
    with pytest.raises(ValueError, match="broken"), recorder.item(item_id="a") as failed:
        raise ValueError("broken")
    with recorder.item(item_id="b") as discarded:
        discarded.checkpoint("post_download", duration_seconds=30)
        discarded.discard()
    with recorder.item(item_id="c") as own:
        own.finish("lightweight")
    assert [item.shadow() for item in (failed, discarded, own)] == [None, None, None]


def test_where_nothing_is_recorded_there_is_no_sample() -> None:
    recorder = NullRecorder(load_config(None, ALL))
    with ItemScope(recorder, item_id="short", measure=True) as item:
        assert item.checkpoint("post_download", duration_seconds=30).exit
    assert item.shadow() is None


def test_a_decision_of_the_callers_own_is_judged_too(recorder: InProcessRecorder, clock: Clock) -> None:
    full_item(recorder, clock)
    with recorder.item("news", item_id="d") as item:
        item.finish("lightweight", bypass_reason="content_type")
    shadow = item.shadow()
    assert shadow
    with shadow as again:
        again.yielded(9)
    assert verdicts(recorder, decision="content_type", verdict="wrong") == 1


def test_shadow_work_may_be_asynchronous(recorder: InProcessRecorder, clock: Clock) -> None:
    full_item(recorder, clock)

    async def work() -> None:
        async with ItemScope(recorder, item_id="short", clock=clock) as item:
            item.checkpoint("post_download", duration_seconds=30)
        shadow = item.shadow()
        assert shadow
        async with shadow as again, again.stage("analysis"):
            await asyncio.sleep(0)
            again.yielded(9)

    asyncio.run(work())
    assert verdicts(recorder, verdict="wrong") == 1
