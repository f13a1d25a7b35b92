from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from prometheus_client import CollectorRegistry

from pipeline import InProcessRecorder, current_item


@pytest.fixture
def recorder() -> InProcessRecorder:
    return InProcessRecorder(CollectorRegistry())


def counts(recorder: InProcessRecorder, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in recorder.metrics.registry.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_a_generator_counts_when_its_body_has_ended(recorder: InProcessRecorder) -> None:
    @recorder.item("news")
    def parts() -> Generator[int, int, str]:
        with current_item().stage("download"):
            got = yield 1
        yield got + 1
        return "end"

    def taking() -> Generator[int, int, str]:
        return (yield from parts())

    taken = taking()
    assert next(taken) == 1
    assert counts(recorder, "pipeline_items_total") == 0
    assert taken.send(5) == 6
    with pytest.raises(StopIteration) as end:
        next(taken)
    assert end.value.value == "end"
    assert counts(recorder, "pipeline_items_total") == 1
    assert counts(recorder, "pipeline_stage_duration_seconds_count", pipeline_stage="download") == 1


def test_a_generator_that_fails_is_a_failed_item(recorder: InProcessRecorder) -> None:
    @recorder.item("news")
    def parts() -> Iterator[int]:
        yield 1
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        list(parts())
    assert counts(recorder, "pipeline_items_total") == 0
    assert counts(recorder, "pipeline_failures_total") == 1


def test_an_error_thrown_into_a_generator_is_its_own_to_deal_with(recorder: InProcessRecorder) -> None:
    @recorder.item("news")
    def parts() -> Iterator[int]:
        try:
            yield 1
        except KeyError:
            yield 2

    taken = parts()
    next(taken)
    assert taken.throw(KeyError("x")) == 2  # type: ignore[attr-defined]
    assert list(taken) == []
    assert counts(recorder, "pipeline_items_total") == 1


def test_a_generator_that_is_closed_before_its_end_is_an_abandoned_item(recorder: InProcessRecorder) -> None:
    @recorder.item("news")
    def parts() -> Generator[int, None, None]:
        yield 1
        yield 2

    taken = parts()
    next(taken)
    taken.close()
    assert counts(recorder, "pipeline_items_total") == 0
    assert counts(recorder, "pipeline_items_abandoned_total") == 1


def test_who_takes_from_a_generator_keeps_his_own_item(recorder: InProcessRecorder) -> None:
    @recorder.item("news")
    def parts() -> Iterator[str | None]:
        yield current_item().content_type
        yield current_item().content_type

    with recorder.item("podcast") as mine:
        for found in parts():
            assert found == "news"
            assert current_item() is mine
    assert counts(recorder, "pipeline_items_total") == 2


def test_an_async_generator_counts_when_its_body_has_ended_or_failed(recorder: InProcessRecorder) -> None:
    @recorder.item("news")
    async def parts(fails: bool) -> AsyncIterator[str | None]:
        yield current_item().content_type
        await asyncio.sleep(0)
        if fails:
            raise ValueError("odd")
        yield current_item().content_type

    async def take(fails: bool) -> None:
        async for found in parts(fails):
            assert found == "news"
            assert counts(recorder, "pipeline_items_total") == 0
            with pytest.raises(LookupError):
                current_item()

    with pytest.raises(ValueError, match="odd"):
        asyncio.run(take(fails=True))
    asyncio.run(take(fails=False))
    assert counts(recorder, "pipeline_items_total") == 1
    assert counts(recorder, "pipeline_failures_total") == 1
