from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.exporter import Exporter
from exporter.journal.entries import Entry, key_hash
from exporter.journal.journal import KEY_SECONDS, Journal, JournalError, NoJournal
from exporter.server.workers import refuse_several, workers_asked
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.content.families import ITEMS
from pipeline.events import ConfigActivated, ItemFinished
from tests.exporter.conftest import ROOT, Process, Running, Serve, eventually, total

RECORD = "/api/performance/record"
GOOD = {"processing_type": "lightweight", "content_type": "news", "processing_time": 3.0, "time_saved_pct": 0.5,
        "quality_score": 0.4, "config_version": "a"}  # fmt: skip


def exporter_of(folder: Path, **settings: object) -> Exporter:
    given = {"journal": folder / "journal.sqlite", **settings}
    return Exporter(ExporterSettings(**given), Config())  # type: ignore[arg-type]


def kept(running: Running) -> dict[str, str]:
    """What a restart has to leave as it was."""
    lines = (line.rsplit(" ", 1) for line in running.text().splitlines() if line.startswith("pipeline_"))
    return {series: value for series, value in lines if not series.startswith("pipeline_last_item")}


def test_counters_go_on_where_they_were_after_a_restart(serve: Serve, tmp_path: Path) -> None:
    first = serve()
    for n in range(30):
        first.client.post(RECORD, json={**GOOD, "processing_time": n * 0.37, "exit_confidence": 0.5})
    first.client.post("/api/performance/record/batch", json=[GOOD] * 100)
    first.client.post("/api/events", json={"type": "config_activated", "config_hash": "h", "thresholds": {"t": 0.5}})
    before = kept(first)
    first.server.stop()
    second = serve()
    assert kept(second) == before
    assert second.value("exporter_records_total ") == 131
    second.record(**GOOD)
    assert second.value("pipeline_items_total") == 131


def test_what_was_not_yet_in_a_snapshot_is_replayed(tmp_path: Path) -> None:
    first = exporter_of(tmp_path)
    asyncio.run(_submit(first, 7))
    first.journal.close()  # as after a kill: no last snapshot
    second = exporter_of(tmp_path)
    assert second.replayed == 1
    assert _items(second) == 7
    second.close()
    third = exporter_of(tmp_path)
    assert third.replayed == 0
    assert _items(third) == 7
    third.close()


async def _submit(exporter: Exporter, count: int, key: str | None = None) -> bool:
    from exporter.intake.decoding import read_body

    body = b"[" + b",".join([b'{"processing_type":"full"}'] * count) + b"]"
    return (await exporter.acceptor.submit(read_body(body, "array", only_items=True), key)).duplicate


def _items(exporter: Exporter) -> float:
    return sum(float(c._value.get()) for c in exporter.metrics.family(ITEMS)._metrics.values())


def test_an_acknowledged_record_survives_a_kill(tmp_path: Path, processes: list[Process]) -> None:
    acknowledged = 0
    for _ in range(3):
        process = Process(tmp_path)
        processes.append(process)
        with httpx.Client(base_url=process.url) as client:
            for n in range(25):
                headers = {"Idempotency-Key": f"key-{n}"}
                answer = client.post(RECORD, json=GOOD, headers=headers).json()["status"]
                acknowledged += answer == "recorded"
            client.post(RECORD, json=GOOD).raise_for_status()
            acknowledged += 1
        process.kill()
    assert acknowledged == 25 + 3  # the keys were still known after each kill
    last = Process(tmp_path)
    processes.append(last)
    text = httpx.get(f"{last.url}/metrics").text
    assert total(text, "pipeline_items_total") == acknowledged
    assert total(text, "exporter_records_total ") == acknowledged
    code, said = last.end()
    assert (code, said) == (0, "")


def test_keys_are_known_for_seven_days_and_then_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append([Entry(0.0, "events", b"[]")], [key_hash("old")], 0.0)
    journal.append([Entry(0.0, "events", b"[]")], [key_hash("new")], 1000.0)
    journal.compact(b"", KEY_SECONDS - 1)
    assert journal.seen(key_hash("old"))
    journal.compact(b"", KEY_SECONDS + 1)
    assert not journal.seen(key_hash("old"))
    assert journal.seen(key_hash("new"))
    journal.close()


def test_keys_are_bounded_and_what_is_forgotten_early_is_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", max_keys=10)
    for n in range(25):
        journal.append([], [key_hash(str(n))], float(n))
    journal.compact(b"", 100.0)
    assert (journal.key_count, journal.forgotten_keys) == (10, 15)
    assert journal.seen(key_hash("24"))
    assert not journal.seen(key_hash("14"))
    journal.close()


def test_the_journal_stays_bounded_under_load(serve: Serve) -> None:
    running = serve(compact_at_bytes=100_000)
    journal, keeper = running.exporter.journal, running.exporter.keeper
    batch = [{**GOOD, "item_id": "x" * 50}] * 200
    for rounds in range(1, 6):
        for _ in range(12):  # far more than is due for a snapshot
            running.client.post("/api/performance/record/batch", json=batch).raise_for_status()
        eventually(lambda: keeper.snapshots >= rounds and journal.log_bytes() < 100_000)  # noqa: B023 - called here
        assert journal.size_bytes() < 500_000
    assert running.value("pipeline_items_total") == 12_000
    assert running.value("exporter_compaction_duration_seconds_count") >= 5


def test_records_that_arrive_during_a_snapshot_are_in_exactly_one_of_both(tmp_path: Path) -> None:
    exporter = exporter_of(tmp_path)

    async def both() -> None:
        async def send() -> None:
            for _ in range(200):
                await _submit(exporter, 1)

        await asyncio.gather(send(), send(), exporter.keeper.compact(), exporter.keeper.compact())

    asyncio.run(both())
    exporter.journal.close()
    again = exporter_of(tmp_path)
    assert _items(again) == 400
    again.close()


def test_full_sync_keeps_records_too(tmp_path: Path) -> None:
    exporter = exporter_of(tmp_path, sync="full")

    async def many() -> list[bool]:
        return await asyncio.gather(*(_submit(exporter, 2, key=f"k{n % 30}") for n in range(60)))

    assert sum(asyncio.run(many())) == 30
    exporter.journal.close()
    again = exporter_of(tmp_path, sync="full")
    assert _items(again) == 60
    again.close()


def test_a_journal_belongs_to_one_process(tmp_path: Path, processes: list[Process]) -> None:
    processes.append(Process(tmp_path))
    with pytest.raises(RuntimeError, match="belongs to another running exporter"):
        Process(tmp_path)


def test_a_journal_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "junk.sqlite").write_bytes(b"this is no database" * 1000)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "junk.sqlite")
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "file" / "journal.sqlite")
    newer = sqlite3.connect(tmp_path / "newer.sqlite")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(JournalError, match="newer version"):
        Journal(tmp_path / "newer.sqlite")


def test_an_entry_that_cannot_be_read_is_skipped_and_the_rest_replayed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    good = Entry(1.0, "records", b'[{"processing_type":"full"}]')
    journal.append([good, Entry(2.0, "records", b"[{]"), Entry(3.0, "events-lines", b"\xff"), good])
    journal.close()
    exporter = exporter_of(tmp_path)
    assert _items(exporter) == 2
    exporter.close()


def test_a_damaged_snapshot_is_an_error_not_a_silent_zero(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.compact(b"\xc1", 1.0)
    journal.close()
    with pytest.raises(JournalError, match="snapshot cannot be read"):
        exporter_of(tmp_path)


def test_without_a_journal_nothing_survives_but_keys_work(serve: Serve) -> None:
    running = serve(journal=None)
    for expected in ("recorded", "duplicate"):
        answer = running.client.post(RECORD, json=GOOD, headers={"Idempotency-Key": "k"})
        assert answer.json() == {"status": expected}
    assert running.client.get("/health").json()["journal"]["enabled"] is False
    running.server.stop()
    assert serve(journal=None).value("pipeline_items_total") == 0


def test_without_a_journal_keys_are_bounded() -> None:
    journal = NoJournal(max_keys=3)
    for n in range(5):
        journal.append([], [key_hash(str(n))])
    assert (journal.key_count, journal.forgotten_keys) == (3, 2)
    assert not journal.seen(key_hash("1"))
    journal.clear()
    assert journal.key_count == 0


def test_when_the_journal_cannot_be_written_nothing_is_acknowledged_or_counted(running: Running) -> None:
    blocker = sqlite3.connect(running.exporter.settings.journal or "", isolation_level=None)
    running.exporter.journal._db.execute("PRAGMA busy_timeout = 10")  # type: ignore[union-attr]
    blocker.execute("BEGIN IMMEDIATE")  # stands for a full or failing disk
    response = running.record(**GOOD)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["code"] == "storage"
    health = running.client.get("/health")
    assert health.status_code == 503
    assert "locked" in health.json()["journal"]["error"]
    pushed = running.client.put("/metrics/job/x", content="a 1\n")
    assert pushed.status_code == 503
    blocker.execute("ROLLBACK")
    blocker.close()
    assert running.value("pipeline_items_total") == 0
    assert running.value("exporter_journal_errors_total") == 2
    assert running.record(**GOOD).status_code == 200
    assert running.client.get("/health").status_code == 200


def test_the_last_configuration_of_each_version_comes_back(tmp_path: Path) -> None:
    first = exporter_of(tmp_path)
    for config_hash in ("one", "two"):
        first.acceptor.accept([ConfigActivated(config_hash, "v", {"min_overall": 0.6}, {"early_exit": True})])
    first.close()
    second = exporter_of(tmp_path)
    value = second.metrics.registry.get_sample_value
    assert value("pipeline_config_info", {"config_version": "v", "config_hash": "two"}) == 1
    assert value("pipeline_config_info", {"config_version": "v", "config_hash": "one"}) is None
    assert value("pipeline_feature_enabled", {"feature": "early_exit"}) == 1
    second.acceptor.accept([ConfigActivated("three", "v")])
    assert value("pipeline_config_info", {"config_version": "v", "config_hash": "two"}) is None
    second.close()


def test_label_values_of_a_snapshot_go_through_todays_caps(tmp_path: Path) -> None:
    first = exporter_of(tmp_path)
    first.acceptor.accept([ItemFinished("full", content_type=f"type-{n}") for n in range(10)])
    first.close()
    settings = ExporterSettings(journal=tmp_path / "journal.sqlite")
    second = Exporter(settings, Config(label_caps={"content_type": 6}))
    labels = {"processing_type": "full", "config_version": "unspecified", "content_type": "other"}
    assert second.metrics.registry.get_sample_value("pipeline_items_total", labels) == 8
    assert _items(second) == 10
    second.close()


def test_reset_empties_counters_and_journal_when_it_is_allowed(serve: Serve) -> None:
    running = serve(allow_reset=True)
    running.record(**GOOD)
    running.client.put("/metrics/job/x", content="pushed 1\n")
    assert running.client.delete("/api/performance/reset").json() == {"status": "reset"}
    assert running.value("pipeline_items_total") == 0
    assert "pushed 1" not in running.text()
    running.record(**GOOD)
    running.server.stop()
    assert serve().value("pipeline_items_total") == 1


def test_reset_is_refused_otherwise(running: Running) -> None:
    running.record(**GOOD)
    response = running.client.delete("/api/performance/reset")
    assert response.status_code == 403
    assert "EXPORTER_ALLOW_RESET" in response.json()["error"]["message"]
    assert running.value("pipeline_items_total") == 1


def test_several_workers_are_refused_with_the_reason(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "--factory", "exporter.app:create_app", "--workers", "2", "--port", "0"]
    environ = {"MONITORING_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": ""}
    ran = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    said = ran.stderr.decode()
    assert "one process owns the counters" in said
    assert "Traceback" not in said


def test_one_worker_is_not_several() -> None:
    assert workers_asked(["uvicorn", "--workers", "4"], {}) == workers_asked(["x", "--workers=4"], {}) == 4
    assert workers_asked(["uvicorn"], {"WEB_CONCURRENCY": "3"}) == 3
    assert workers_asked(["uvicorn", "--workers"], {}) == workers_asked(["uvicorn"], {}) == 1
    refuse_several({}, ["uvicorn", "--workers", "4"])  # this test's process is nobody's worker


def test_the_factory_needs_no_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = create_app()
    assert app.state.exporter.settings.journal == tmp_path / "state" / "journal.sqlite"
    app.state.exporter.close()
