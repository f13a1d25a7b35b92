from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.exporter import Exporter
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from tests.exporter.conftest import Running, Serve


def test_what_is_not_there_is_said_in_json(running: Running) -> None:
    assert running.client.get("/nope").json()["error"]["code"] == "not_found"
    response = running.client.put("/api/performance/record")
    assert response.status_code == 405
    assert "error" in response.json()
    assert running.client.request("HEAD", "/health").status_code == 200


def test_a_runbook_that_the_folder_lacks_is_the_one_that_came_with_the_installation(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "PipelineDown.md").write_text("our own")
    client = serve(runbooks=tmp_path).client
    assert client.get("/runbooks/PipelineDown").text == "our own"
    assert client.get("/runbooks/PipelineStalled").text.startswith("<!-- Compiled")
    elsewhere = serve(runbooks=tmp_path / "nowhere").client
    assert "PipelineStalled.md" in elsewhere.get("/runbooks", follow_redirects=True).text


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
        exporter.ingest.paused = True
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            body = {"processing_type": "full"}
            paths = ["/api/performance/record", "/api/events"]
            bodies = [body, {"type": "item_finished", **body}]
            sent = [asyncio.ensure_future(client.post(paths[n % 2], json=bodies[n % 2])) for n in range(10)]
            done, _ = await asyncio.wait(sent, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            assert next(iter(done)).result().headers["retry-after"] == "1"
            exporter.ingest.paused = False
            exporter.ingest.schedule()
            return [response.status_code for response in await asyncio.gather(*sent)]

    statuses = asyncio.run(main())
    assert sorted(statuses) == [200] * 3 + [503] * 7
    value = exporter.metrics.registry.get_sample_value
    assert value("exporter_rejected_records_total", {"reason": "busy"}) == 7
    assert value("exporter_records_total") == 3
