"""The edges of an item: left before its end, entered again, used after the end. `item_scope` where nobody looks."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample
from structlog.testing import capture_logs

from pipeline import InProcessRecorder
from pipeline.configuration.config import load_config
from pipeline.events import ItemAbandoned
from pipeline.recording import remarks
from pipeline.recording.item_scope import ItemScope
from tests.pipeline.recording.exporters import Exporter, run, written
from tests.pipeline.recording.test_item_scope import ON, Clock, value


@pytest.fixture
def recorder() -> InProcessRecorder:
    return InProcessRecorder(CollectorRegistry(), load_config(None, ON))


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as said:
        yield said


def told(logs: list[Any]) -> list[str]:
    return [log["event"] for log in logs if log["log_level"] == "warning"]


def samples(recorder: InProcessRecorder) -> list[Sample]:
    return [sample for family in recorder.metrics.registry.collect() for sample in family.samples]


def counted(recorder: InProcessRecorder, name: str = "pipeline_items_total", **labels: str) -> float:
    return sum(s.value for s in samples(recorder) if s.name == name and labels.items() <= s.labels.items())


def abandoned(recorder: InProcessRecorder, reason: str, content_type: str = "news") -> float | None:
    labels = {"reason": reason, "content_type": content_type, "config_version": "blue"}
    return value(recorder.metrics, "pipeline_items_abandoned_total", **labels)


# --- left before its end


def test_every_item_that_times_out_is_counted_as_cancelled(recorder: InProcessRecorder, logs: list[Any]) -> None:
    async def one(number: int) -> None:
        async with recorder.item("news", item_id=f"item-{number}") as item, item.stage("download"):
            await asyncio.sleep(60 if number % 3 == 0 else 0)

    async def main() -> None:
        for number in range(9):
            try:
                async with asyncio.timeout(0.01):
                    await one(number)
            except TimeoutError:
                continue

    asyncio.run(main())
    assert abandoned(recorder, "cancelled") == 3
    assert counted(recorder) == 6
    assert counted(recorder, "pipeline_failures_total") == 0
    assert counted(recorder, "pipeline_stage_errors_total") == 0
    assert counted(recorder, "pipeline_items_in_progress") == 0
    (first, *_) = logs
    assert (first["event"], first["pipeline_stage"], first["item_id"]) == ("item abandoned", "download", "item-0")
    assert first["spent_seconds"] >= 0.01


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(1), "interrupted"),
    ],
)
def test_what_is_no_error_abandons_an_item_and_goes_on(
    recorder: InProcessRecorder, error: BaseException, reason: str
) -> None:
    clock = Clock()
    item = ItemScope(recorder, content_type="news", item_id="x", clock=clock)

    def work() -> None:
        with item:
            with item.stage("download"):
                clock.now += 2
            with item.stage("analysis"):
                clock.now += 3
                raise error

    with pytest.raises(type(error)):
        work()
    assert item.outcome == ItemAbandoned(reason, "news", 5.0, "analysis", "blue", "x")  # type: ignore[arg-type]
    assert abandoned(recorder, reason) == 1
    assert counted(recorder, "pipeline_stage_duration_seconds_count", pipeline_stage="download") == 1
    assert counted(recorder, "pipeline_stage_duration_seconds_count", pipeline_stage="analysis") == 0
    assert recorder.costs.full_steps() == frozenset()  # nothing is learned from half an item
    assert item.shadow() is None


def test_a_base_exception_of_somebodys_own_is_a_failure(recorder: InProcessRecorder) -> None:
    class Mine(BaseException):
        pass

    with pytest.raises(Mine), recorder.item("news") as item, item.stage("download"):
        raise Mine
    assert counted(recorder, "pipeline_failures_total", pipeline_stage="download", error_type="internal") == 1
    assert counted(recorder, "pipeline_items_abandoned_total") == 0


def test_a_group_that_holds_a_cancellation_abandons_an_item(recorder: InProcessRecorder) -> None:
    with pytest.raises(BaseExceptionGroup), recorder.item("news"):
        raise BaseExceptionGroup("both", [asyncio.CancelledError(), ValueError()])
    assert counted(recorder, "pipeline_items_abandoned_total") == 1


def test_an_item_whose_tasks_are_cancelled_at_shutdown_is_told_of(recorder: InProcessRecorder) -> None:
    async def work() -> None:
        async with recorder.item("news"):
            await asyncio.Event().wait()

    async def main() -> None:
        tasks = [asyncio.create_task(work()) for _ in range(5)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    assert abandoned(recorder, "cancelled") == 5


def test_an_item_that_was_discarded_is_not_abandoned(recorder: InProcessRecorder) -> None:
    item = recorder.item("news")
    item.__enter__()
    item.discard()
    item.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert abandoned(recorder, "interrupted") == 0


def test_a_program_that_is_interrupted_has_counted_its_item_when_it_ends(exporter: Exporter, tmp_path: Path) -> None:
    program = """
        with PushRecorder(URL) as recorder:
            with recorder.item("news") as item:
                print("at work", flush=True)
                time.sleep(60)
    """
    working = subprocess.Popen(
        [sys.executable, str(written(program, tmp_path))],
        env=exporter.environ(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert working.stdout is not None
    working.stdout.readline()
    working.send_signal(signal.SIGINT)
    working.communicate(timeout=30)
    assert exporter.value("pipeline_items_abandoned_total", reason="interrupted", content_type="news") == 1


# --- entered again


def test_each_entry_of_one_scope_is_an_item_of_its_own(recorder: InProcessRecorder, logs: list[Any]) -> None:
    item = recorder.item("news", length_seconds=80.0)
    for number in range(4):
        with item:
            with item.stage("download"):
                pass
            item.item_id = f"item-{number}"
            if number == 1:
                item.finish("lightweight", bypass_reason="low_quality")
                item.content_type = "education"
        assert item.outcome is not None
        assert item.outcome.item_id == f"item-{number}"
        assert counted(recorder) == number + 1
        assert counted(recorder, "pipeline_stage_duration_seconds_count") == number + 1
    assert counted(recorder, processing_type="full", content_type="news") == 3
    assert counted(recorder, processing_type="lightweight", content_type="education") == 1
    assert told(logs) == []


def test_nothing_of_an_item_is_left_for_the_next_one(recorder: InProcessRecorder) -> None:
    item = recorder.item("news")
    with item:
        item.quality(0.1, 0.1, 0.1, 0.1)
        assert item.checkpoint("post_download", duration_seconds=10).exit
    with item:
        assert (item.scores, item.facts, item.steps, item.outcome) == (None, {}, {}, None)
    assert counted(recorder, "pipeline_quality_margin_ratio_count") == 1
    assert counted(recorder, processing_type="early_exit") == 1
    assert counted(recorder, processing_type="full") == 1
    with pytest.raises(ValueError, match="broken"), item:
        raise ValueError("broken")
    with item:
        pass
    assert counted(recorder, "pipeline_failures_total") == 1
    assert counted(recorder, processing_type="full") == 2


def test_what_is_set_between_two_entries_is_meant_for_the_next_one(recorder: InProcessRecorder) -> None:
    item = recorder.item()
    for kind in ("news", "education"):
        item.content_type = kind
        with item:
            pass
    with item:
        pass
    assert [counted(recorder, content_type=kind) for kind in ("news", "education", "unspecified")] == [1, 1, 1]


def test_a_scope_entered_while_it_is_under_way_counts_an_item_each_time(
    recorder: InProcessRecorder, logs: list[Any]
) -> None:
    item = recorder.item("news")

    async def work(seconds: float) -> None:
        async with item:
            async with item.stage("download"):
                await asyncio.sleep(0)
            item.checkpoint("post_download", duration_seconds=seconds)

    async def main() -> None:
        await asyncio.gather(*(work(seconds) for seconds in (10.0, 500.0, 10.0, 500.0)))

    asyncio.run(main())
    assert counted(recorder, processing_type="early_exit") == 2
    assert counted(recorder, processing_type="full") == 2
    assert counted(recorder, "pipeline_items_in_progress") == 0
    assert told(logs) == [remarks.ENTERED_AGAIN]


def test_a_scope_entered_within_itself_counts_two_items(recorder: InProcessRecorder, logs: list[Any]) -> None:
    item = recorder.item("news")
    with item as outer:
        with item as inner:
            inner.content_type = "education"
        assert outer is item
    assert [counted(recorder, content_type=kind) for kind in ("news", "education")] == [1, 1]
    assert told(logs) == [remarks.ENTERED_AGAIN]


def test_a_forked_child_that_leaves_its_parents_item_does_not_count_it(exporter: Exporter, tmp_path: Path) -> None:
    program = """
        recorder = PushRecorder(URL)
        with recorder.item("news") as item:
            child = os.fork()
            if child:
                os.waitpid(child, 0)
            else:
                with recorder.item("education"):
                    pass
        recorder.close()
    """
    done = run(program, exporter, tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert exporter.value("pipeline_items_total", processing_type="full", content_type="news") == 1
    assert exporter.value("pipeline_items_total", processing_type="full", content_type="education") == 1


# --- used after the end, or twice


def test_what_is_asked_after_the_end_is_answered_and_counts_nothing(
    recorder: InProcessRecorder, logs: list[Any]
) -> None:
    with recorder.item("news") as item:
        pass
    before = samples(recorder)
    assert item.checkpoint("post_download", duration_seconds=10).exit
    assert item.checkpoint("post_download", duration_seconds=10).exit
    assert item.quality(0.1, 0.1, 0.1, 0.1).below
    assert item.route().bypass
    with item.stage("analysis"), item.parallel("rest"):
        pass
    item.finish("lightweight")
    item.fault("memory", "timeout")
    item.discard()
    item.calls_saved(3)
    item.yielded(3)
    assert samples(recorder) == before
    calls = (
        "checkpoint",
        "quality",
        "route",
        "stage",
        "parallel",
        "finish",
        "fault",
        "discard",
        "calls_saved",
        "yielded",
    )
    assert told(logs) == [remarks.AFTER_THE_END.format(what=call) for call in calls]


def test_finishing_twice_counts_once_and_the_last_word_holds(recorder: InProcessRecorder, logs: list[Any]) -> None:
    with recorder.item("news") as item:
        item.finish("full")
        item.finish("lightweight", bypass_reason="low_quality")
        item.finish("lightweight", bypass_reason="low_quality")
    assert counted(recorder) == 1
    assert counted(recorder, "pipeline_bypasses_total", reason="low_quality") == 1
    assert told(logs) == [remarks.FINISHED_AGAIN]


def test_a_stage_left_twice_counts_once(recorder: InProcessRecorder, logs: list[Any]) -> None:
    with recorder.item("news") as item:
        stage, group = item.stage("download"), item.parallel("rest")
        for block in (stage, group):
            block.__enter__()
            block.__exit__(None, None, None)
            block.__exit__(None, None, None)
            block.__exit__(None, None, None)
    assert counted(recorder, "pipeline_stage_duration_seconds_count") == 1
    assert told(logs) == [remarks.STAGE_LEFT_AGAIN.format(what=name) for name in ("download", "rest")]


def test_a_stage_entered_again_counts_each_time(recorder: InProcessRecorder, logs: list[Any]) -> None:
    with recorder.item("news") as item:
        stage = item.stage("download")
        for _ in range(3):
            with stage:
                pass
        with stage, stage:
            pass
    assert counted(recorder, "pipeline_stage_duration_seconds_count") == 5
    assert told(logs) == []


def test_a_stage_that_outlasts_its_item_is_told_and_not_counted(recorder: InProcessRecorder, logs: list[Any]) -> None:
    with recorder.item("news") as item:
        stage = item.stage("publish")
        stage.__enter__()
    stage.__exit__(None, None, None)
    assert counted(recorder, "pipeline_stage_duration_seconds_count") == 0
    assert told(logs) == [remarks.STAGE_TOO_LATE.format(what="publish")]


def test_an_item_left_twice_counts_once(recorder: InProcessRecorder, logs: list[Any]) -> None:
    item = recorder.item("news")
    item.__exit__(None, None, None)
    item.__enter__()
    item.__exit__(None, None, None)
    item.__exit__(None, None, None)
    assert counted(recorder) == 1
    assert counted(recorder, "pipeline_items_in_progress") == 0
    assert told(logs) == [remarks.LEFT_AGAIN]


def test_an_item_may_be_left_in_another_context_than_it_was_entered_in(recorder: InProcessRecorder) -> None:
    item = recorder.item("news")
    contextvars.copy_context().run(item.__enter__)
    item.__exit__(None, None, None)
    assert counted(recorder) == 1


def test_a_process_id_is_what_tells_a_child(recorder: InProcessRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorder.item("news"):
        monkeypatch.setattr(os, "getpid", lambda: 1)
    assert counted(recorder) == 0
