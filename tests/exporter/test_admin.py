from __future__ import annotations

from tests.exporter.conftest import Running, Serve

GOOD = {"processing_type": "lightweight", "content_type": "news", "processing_time": 3.0, "time_saved_pct": 0.5,
        "quality_score": 0.4, "config_version": "a"}  # fmt: skip


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
