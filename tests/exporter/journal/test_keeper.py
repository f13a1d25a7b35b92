from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from exporter.exporter import Exporter
from exporter.journal.entries import Entry
from exporter.journal.journal import Journal
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.content.families import ITEMS
from pipeline.domains.exporter.families import JOURNAL_LOST_RECORDS
from tests.exporter.conftest import Process, Running, Serve, eventually, total

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


def test_the_journal_stays_bounded_under_load(serve: Serve) -> None:
    running = serve(compact_at_bytes=100_000)
    journal, keeper = running.exporter.journal, running.exporter.keeper
    batch = [{**GOOD, "item_id": "x" * 50}] * 200
    for rounds in range(1, 6):
        for _ in range(12):  # far more than is due for a snapshot
            running.client.post("/api/performance/record/batch", json=batch).raise_for_status()
        eventually(lambda: keeper.snapshots >= rounds and journal.log_bytes() < 100_000)  # noqa: B023 - called at once
        assert journal.size_bytes() < 1_000_000
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


def test_an_entry_that_cannot_be_read_is_skipped_and_the_rest_replayed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    good = Entry(1.0, "records", b'[{"processing_type":"full"}]')
    journal.append([good, Entry(2.0, "records", b"[{]"), Entry(3.0, "events-lines", b"\xff"), good])
    journal.close()
    exporter = exporter_of(tmp_path)
    assert _items(exporter) == 2
    assert exporter.metrics.registry.get_sample_value(JOURNAL_LOST_RECORDS.name) == 2
    exporter.close()


def test_a_damaged_snapshot_is_a_loss_that_is_counted_not_a_silent_zero(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    three = Entry(1.0, "records", b"[%b]" % b",".join([b'{"processing_type":"full"}'] * 3), 3)
    journal.append([three])
    journal.compact(b"\xc1", 1.0)
    journal.append([three, three])
    journal.close()
    exporter = exporter_of(tmp_path)
    assert _items(exporter) == 6
    assert exporter.metrics.registry.get_sample_value(JOURNAL_LOST_RECORDS.name) == 3
    assert exporter.journal.mended
    assert "its snapshot is not what was written" in exporter.journal.mended.sentence()
    exporter.close()
    again = exporter_of(tmp_path)  # what was lost stays counted
    assert again.metrics.registry.get_sample_value(JOURNAL_LOST_RECORDS.name) == 3
    again.close()
