from __future__ import annotations

from exporter.journal.entries import Entry, key_hash
from exporter.journal.memory import NoJournal
from tests.exporter.conftest import Serve

RECORD = "/api/performance/record"
GOOD = {"processing_type": "lightweight", "content_type": "news", "processing_time": 3.0, "time_saved_pct": 0.5,
        "quality_score": 0.4, "config_version": "a"}  # fmt: skip


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


def test_there_is_nothing_that_could_come_back_or_go_wrong() -> None:
    journal = NoJournal()
    journal.append([Entry(1.0, "events", b"[]")])
    journal.compact(b"x", 1.0)
    journal.checkpoint()
    assert list(journal.entries()) == []
    assert journal.size_bytes() == journal.log_bytes() == 0
    journal.close()
