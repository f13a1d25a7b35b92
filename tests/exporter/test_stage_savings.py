"""Time saved by stage, over the wire."""

from __future__ import annotations

from pathlib import Path

from pipeline.domains.content.labels import STAGES
from tests.exporter.conftest import Running, Serve

EVENTS = [
    {"type": "item_finished", "processing_type": "early_exit", "processing_time": 2.0, "time_saved_pct": 0.75},
    {"type": "stage_skipped", "pipeline_stage": "analysis", "saved_seconds": 4.5},
    {"type": "stage_skipped", "pipeline_stage": "memory", "saved_seconds": 1.5},
]
NAME = "pipeline_stage_time_saved_seconds_total"


def test_every_stage_stands_at_zero_before_the_first_saving(running: Running) -> None:
    text = running.text()
    assert all(f'\n{NAME}{{pipeline_stage="{stage}"}} 0.0\n' in text for stage in STAGES)
    assert text.count(f"\n{NAME}{{") == len(STAGES)


def test_what_stages_saved_is_counted_and_survives_a_restart(serve: Serve, tmp_path: Path) -> None:
    running = serve(journal=tmp_path / "kept.sqlite")
    assert running.client.post("/api/events", json=EVENTS).status_code == 200
    running.client.close()
    running.server.stop()
    again = serve(journal=tmp_path / "kept.sqlite")
    assert f'{NAME}{{pipeline_stage="analysis"}} 4.5\n' in again.text()
    assert again.value(NAME) == again.value("pipeline_time_saved_seconds_total") == 6.0


def test_a_sender_that_knows_nothing_of_stages_is_taken_as_before(running: Running) -> None:
    record = {name: value for name, value in EVENTS[0].items() if name != "type"}
    assert running.client.post("/api/performance/record", json=record).status_code == 200
    assert running.value("pipeline_time_saved_seconds_total") == 6.0
    assert running.value(NAME) == 0
