from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from exporter.exporter import Exporter
from exporter.local import MAX_WAITING, LocalRecorder
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.events import ItemFinished
from tests.exporter.conftest import Running, Serve

ITEM = ItemFinished("full", content_type="news", processing_time=1.0, time_saved_pct=0.0)


def test_events_of_this_process_are_counted_before_any_scrape(running: Running) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    recorder.record(ITEM)
    assert running.value("pipeline_items_total") == 1
    recorder.close()


def test_threads_lose_nothing_and_the_journal_has_it_all(serve: Serve) -> None:
    running = serve()
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=0.001)
    threads = [threading.Thread(target=lambda: [recorder.record(ITEM) for _ in range(300)]) for _ in range(4)]  # type: ignore[func-returns-value]
    for thread in threads:
        thread.start()
    for _ in range(50):
        running.record(processing_type="full")
    for thread in threads:
        thread.join()
    recorder.close()
    running.exporter.journal.close()  # as after a kill
    again = Exporter(ExporterSettings(journal=running.exporter.settings.journal), Config())
    assert again.metrics.registry.get_sample_value("exporter_records_total") == 1250
    again.close()
    running.exporter.stopping = True


def test_liveness_is_shown_and_never_journaled(serve: Serve) -> None:
    running = serve()
    recorder = LocalRecorder(running.exporter, Config(), clock=lambda: 1234.5)
    recorder.item_started()
    recorder.item_started()
    recorder.item_ended()
    assert running.value("pipeline_items_in_progress ") == 1
    assert running.value("pipeline_last_item_timestamp_seconds ") == 1234.5
    recorder.close()
    running.server.stop()
    again = serve()
    assert again.value("pipeline_items_in_progress ") == 0
    assert again.value("pipeline_last_item_timestamp_seconds ") == 0


def test_the_configuration_of_this_process_is_shown(running: Running) -> None:
    config = Config(version="v1")
    recorder = LocalRecorder(running.exporter, config)
    assert running.value(f'pipeline_config_info{{config_hash="{config.hash()}",config_version="v1"}}') == 1
    assert running.value("exporter_records_total ") == 0
    recorder.close()


def test_recording_never_raises(running: Running) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    wrong: Any = [object(), None, ItemFinished("full", quality_score=7.0), ItemFinished("full", content_type="\ud800")]
    recorder.record_many(wrong)
    recorder.record(ITEM)
    recorder.close()
    assert running.value('exporter_rejected_records_total{reason="invalid"}') == 4
    assert running.value("pipeline_items_total") == 1


def test_what_is_recorded_after_close_counts_and_is_told_of_once(running: Running) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    recorder.close()
    with capture_logs() as logs:
        for _ in range(3):
            recorder.record(ITEM)
    assert running.value("pipeline_items_total") == 3
    assert [log["event"] for log in logs] == ["recorded after close; close a recorder once nothing records any more"]


def test_what_finds_no_room_is_counted(running: Running) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    recorder._waiting.extend([ITEM] * MAX_WAITING)
    recorder.record(ITEM)
    recorder._waiting.clear()
    assert running.value('exporter_rejected_records_total{reason="busy"}') == 1
    recorder.close()


def test_when_the_journal_cannot_be_written_events_wait_and_at_the_end_the_loss_is_counted(
    running: Running, tmp_path: Path
) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    blocker = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    running.exporter.journal._db.execute("PRAGMA busy_timeout = 10")  # type: ignore[union-attr]
    blocker.execute("BEGIN IMMEDIATE")
    recorder.record(ITEM)
    assert not recorder.flush()
    blocker.execute("ROLLBACK")
    assert recorder.flush()
    assert running.value("pipeline_items_total") == 1
    blocker.execute("BEGIN IMMEDIATE")
    recorder.record_many([ITEM, ITEM])
    recorder.close()
    blocker.execute("ROLLBACK")
    blocker.close()
    assert running.value('exporter_rejected_records_total{reason="storage"}') == 2
    assert running.value("pipeline_items_total") == 1


def test_events_outlive_a_journal_that_goes_away(running: Running, tmp_path: Path) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    recorder.record(ITEM)
    for file in tmp_path.glob("journal.sqlite*"):
        file.unlink()
    recorder.close()
    assert running.value("pipeline_items_total") == 1
    assert running.value("exporter_rejected_records_total") == 0


def test_during_a_snapshot_events_wait(running: Running) -> None:
    recorder = LocalRecorder(running.exporter, Config(), flush_seconds=3600)
    running.exporter.gate.paused = True
    recorder.record_many([ITEM, ITEM])
    assert not recorder.flush()
    running.exporter.gate.paused = False
    assert recorder.flush()
    recorder.close()
    assert running.value("pipeline_items_total") == 2
