from __future__ import annotations

import math

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pipeline import InProcessRecorder
from pipeline.configuration.config import load_config
from pipeline.events import DomainEvent, ItemFinished, StageFinished


@pytest.fixture
def recorder() -> InProcessRecorder:
    return InProcessRecorder(CollectorRegistry(), load_config())


def test_a_recorder_never_raises_and_counts_what_it_refuses(recorder: InProcessRecorder) -> None:
    recorder.record(ItemFinished("full", quality_score=math.nan))
    recorder.record("no event at all")  # type: ignore[arg-type]
    recorder.record(StageFinished("download", 0.1))
    registry = recorder.metrics.registry
    assert registry.get_sample_value("exporter_rejected_records_total", {"reason": "invalid"}) == 2
    assert registry.get_sample_value("exporter_records_total") == 1


def test_an_event_that_no_domain_declares_is_said_to_be_that(recorder: InProcessRecorder) -> None:
    class Refused(DomainEvent, frozen=True, tag="refused"):
        """An event of a package that was left out."""

    with capture_logs() as logs:
        recorder.record(Refused())
    assert [(log["event_type"], log["error"]) for log in logs] == [
        ("Refused", "no domain that can be used declares it")
    ]


def test_the_active_configuration_is_exposed(recorder: InProcessRecorder) -> None:
    labels = {"config_version": "unspecified", "config_hash": recorder.config.hash()}
    assert recorder.metrics.registry.get_sample_value("pipeline_config_info", labels) == 1
