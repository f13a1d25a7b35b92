from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from pipeline import InProcessRecorder
from pipeline.configuration.config import load_config
from pipeline.decisions.routing import Routing, TypeRoute
from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.recording.recorder import NullRecorder
from pipeline.recording.savings import CostModel
from pipeline.running.batch import by_priority, expand_all, run_all
from pipeline.running.engine import PRIORS, Engine
from tests.pipeline.running.given import Given

SOURCES = [Source(name) for name in ("a", "b", "nowhere", "d", "e")]


def expanded(uri: str) -> Iterator[Source]:
    """Two sources for a folder, an error for what is not there."""
    if uri == "nowhere":
        raise StageError("not_found", "no such file: nowhere")
    yield from (Source(f"{uri}{name}") for name in ("1", "2")) if uri.endswith("/") else (Source(uri),)


@pytest.fixture
def recorder() -> InProcessRecorder:
    return InProcessRecorder(CollectorRegistry(), load_config(), CostModel(priors=PRIORS))


def total(recorder: InProcessRecorder, name: str, **labels: str) -> float:
    samples = (sample for family in recorder.metrics.registry.collect() for sample in family.samples)
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def test_what_is_named_twice_is_meant_once_and_keeps_its_place(recorder: InProcessRecorder) -> None:
    sources, failures = expand_all(["b/", "a", "b/", "b/1"], expanded, recorder)
    assert [source.uri for source in sources] == ["b/1", "b/2", "a"]
    assert failures == []


def test_a_name_that_cannot_be_read_is_counted_as_a_failed_item_and_stops_nothing(recorder: InProcessRecorder) -> None:
    sources, (failure,) = expand_all(["nowhere", "a"], expanded, recorder)
    assert [source.uri for source in sources] == ["a"]
    assert (failure.failed_stage, failure.error) == ("download", "not_found: no such file: nowhere")
    assert total(recorder, "pipeline_failures_total", pipeline_stage="download", error_type="not_found") == 1
    assert total(recorder, "pipeline_stage_errors_total", pipeline_stage="download", error_type="not_found") == 1


def test_types_with_a_higher_priority_come_first() -> None:
    routing = Routing({"talk": TypeRoute("high"), "fun": TypeRoute("low")})
    sources = [Source("a.fun"), Source("b.talk"), Source("c.other"), Source("d.talk")]
    ordered = by_priority(sources, routing, lambda source: source.uri.split(".")[1])
    assert [source.uri for source in ordered] == ["b.talk", "d.talk", "c.other", "a.fun"]


@pytest.mark.parametrize("workers", [1, 3])
def test_every_item_ends_once_whatever_becomes_of_its_neighbours(workers: int) -> None:
    engine = Engine(NullRecorder(), Given())
    outcomes = list(run_all(engine, SOURCES, workers=workers, stop=threading.Event()))
    engine.close()
    assert sorted(outcome.source for outcome in outcomes) == ["a", "b", "d", "e", "nowhere"]
    assert [outcome.source for outcome in outcomes if outcome.failed] == ["nowhere"]


def test_when_told_to_stop_no_further_item_is_begun_and_those_under_way_are_finished() -> None:
    toolbox, stop = Given(), threading.Event()
    engine = Engine(NullRecorder(), toolbox)
    outcomes = run_all(engine, SOURCES, workers=1, stop=stop)
    assert next(outcomes).source == "a"
    stop.set()
    assert list(outcomes) == []
    engine.close()
    assert toolbox.asked == ["a"]
