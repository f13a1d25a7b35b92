from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.exporter import Exporter
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.exporter.families import RECORDS
from tests.exporter.conftest import Running


def test_what_is_not_there_is_said_in_json(running: Running) -> None:
    assert running.client.get("/nope").json()["error"]["code"] == "not_found"
    response = running.client.put("/api/performance/record")
    assert response.status_code == 405
    assert "error" in response.json()
    assert running.client.request("HEAD", "/health").status_code == 200


def test_the_factory_needs_no_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = create_app()
    assert app.state.exporter.settings.journal == tmp_path / "state" / "journal.sqlite"
    app.state.exporter.close()


def test_the_application_answers_503_with_retry_after_when_behind() -> None:
    settings = ExporterSettings(max_waiting_requests=3)
    app = create_app(settings=settings, config=Config())
    exporter: Exporter = app.state.exporter

    async def main() -> list[int]:
        exporter.gate.paused = True
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            body = {"processing_type": "full"}
            paths = ["/api/performance/record", "/api/events"]
            bodies = [body, {"type": "item_finished", **body}]
            sent = [asyncio.ensure_future(client.post(paths[n % 2], json=bodies[n % 2])) for n in range(10)]
            done, _ = await asyncio.wait(sent, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            assert next(iter(done)).result().headers["retry-after"] == "1"
            exporter.gate.paused = False
            exporter.acceptor.schedule()
            return [response.status_code for response in await asyncio.gather(*sent)]

    statuses = asyncio.run(main())
    assert sorted(statuses) == [200] * 3 + [503] * 7
    value = exporter.metrics.registry.get_sample_value
    assert value("exporter_rejected_records_total", {"reason": "busy"}) == 7
    assert value(RECORDS.name) == 3
