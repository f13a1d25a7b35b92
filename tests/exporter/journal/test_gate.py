from __future__ import annotations

import sqlite3

from tests.exporter.conftest import Running

GOOD = {"processing_type": "lightweight", "content_type": "news", "processing_time": 3.0, "time_saved_pct": 0.5,
        "quality_score": 0.4, "config_version": "a"}  # fmt: skip


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
