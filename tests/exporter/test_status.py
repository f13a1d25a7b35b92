from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.exporter.conftest import Running


def test_health_tells_about_the_last_scrape_and_the_journal(running: Running) -> None:
    before = running.client.get("/health").json()
    assert before["status"] == "ok"
    assert before["last_scrape"]["timestamp"] is before["last_scrape"]["timestamp_seconds"] is None
    running.text()
    after = running.client.get("/health").json()
    last = after["last_scrape"]
    assert datetime.fromisoformat(last["timestamp"]).timestamp() == pytest.approx(last["timestamp_seconds"], abs=0.001)
    assert after["last_scrape"]["series"] > 100
    assert after["last_scrape"]["seconds_ago"] < 60
    assert after["journal"] == {**before["journal"], "size_bytes": after["journal"]["size_bytes"]}
    assert after["journal"]["sync"] == "normal"


def test_a_scrape_that_fails_is_a_degraded_health_until_one_works(running: Running) -> None:
    class Broken:
        def collect(self) -> Any:
            raise RuntimeError("no sensor")

    broken = Broken()
    running.exporter.metrics.registry.register(broken)
    response = running.client.get("/metrics")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    health = running.client.get("/health")
    assert health.status_code == 503
    assert "no sensor" in health.json()["last_scrape"]["error"]
    running.exporter.metrics.registry.unregister(broken)
    running.text()
    assert running.client.get("/health").status_code == 200


def test_ready_says_what_was_replayed(running: Running) -> None:
    assert running.client.get("/ready").json() == {"status": "ready", "replayed": 0}
    assert running.client.get("/-/ready").status_code == running.client.get("/-/healthy").status_code == 200
