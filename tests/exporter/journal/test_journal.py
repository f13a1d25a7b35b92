from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from exporter.journal.entries import Entry, key_hash
from exporter.journal.journal import KEY_SECONDS, Journal, JournalError, NoJournal
from tests.exporter.conftest import Process, Serve

RECORD = "/api/performance/record"


GOOD = {"processing_type": "lightweight", "content_type": "news", "processing_time": 3.0, "time_saved_pct": 0.5,
        "quality_score": 0.4, "config_version": "a"}  # fmt: skip


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
