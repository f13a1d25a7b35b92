"""The library form for somebody else's pipeline, against a real exporter."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from pipeline import NullRecorder, PushRecorder, record_pipeline_metrics, recorder_from_environment
from pipeline.recording import environment
from pipeline.settings import Secret

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def exporter() -> Iterator[BackgroundServer]:
    settings = ExporterSettings(token=Secret("sesame"))
    with BackgroundServer(create_app(settings=settings, environ={}), port=0) as server:
        yield server


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    yield
    for pusher in environment._pushers.values():
        pusher.close()
    environment._pushers.clear()


def _summary(exporter: BackgroundServer) -> dict[str, float]:
    answer: dict[str, float] = httpx.get(f"{exporter.url}/api/performance/metrics/summary").json()
    return answer


def _switched_on(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in {"ENABLE_DASHBOARD_METRICS": "1", "DASHBOARD_API_URL": url, "EXPORTER_TOKEN": "sesame"}.items():
        monkeypatch.setenv(name, value)


def test_the_brief_s_example_arrives(exporter: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _switched_on(monkeypatch, exporter.url)
    monkeypatch.setenv("CONFIG_VERSION", "blue")

    async def hundred() -> None:
        for i in range(100):
            kind = "lightweight" if i < 45 else "early_exit" if i < 60 else "full"
            await record_pipeline_metrics(kind, "news", 0.8, 35.2, time_saved_pct=0.75 if i < 60 else 0.0)

    asyncio.run(hundred())
    assert environment.background_recorder(exporter.url, "sesame").flush()
    summary = _summary(exporter)
    assert (summary["total_processed"], summary["quality_bypassed"], summary["early_exits"]) == (100, 45, 15)
    assert (summary["bypass_rate"], summary["early_exit_rate"]) == (0.60, 0.15)
    assert summary["total_time_saved_hours"] == pytest.approx(60 * 105.6 / 3600)
    assert 'config_version="blue"' in httpx.get(f"{exporter.url}/metrics").text


def test_a_lightweight_item_counts_by_its_reason_and_without_one_as_unspecified(
    exporter: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _switched_on(monkeypatch, exporter.url)

    async def nine() -> None:
        for count, reason in ((1, "content_type"), (3, "low_quality"), (5, None)):
            for _ in range(count):
                await record_pipeline_metrics("lightweight", "news", bypass_reason=reason)

    asyncio.run(nine())
    assert environment.background_recorder(exporter.url, "sesame").flush()
    lines = httpx.get(f"{exporter.url}/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("pipeline_bypasses_total") and 'content_type="news"' in line]
    assert {line.split('reason="')[1].split('"')[0]: float(line.split()[-1]) for line in found} == {
        "content_type": 1, "low_quality": 3, "unspecified": 5,
    }  # fmt: skip


def test_what_was_recorded_last_arrives_although_the_program_ends(exporter: BackgroundServer, tmp_path: Path) -> None:
    program = "import asyncio, pipeline; asyncio.run(pipeline.record_pipeline_metrics('full', processing_time=1.0))"
    environ = {"ENABLE_DASHBOARD_METRICS": "1", "DASHBOARD_API_URL": exporter.url, "EXPORTER_TOKEN": "sesame"}
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
        check=True,
    )
    assert _summary(exporter)["total_processed"] == 1


def test_switched_off_nothing_is_even_started(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(record_pipeline_metrics("full"))
    assert not environment._pushers


@pytest.mark.parametrize(
    ("kind", "environ"),
    [
        ("full", {}),
        ("sideways", {}),
        ("lightweight", {}),
        ("full", {"ENABLE_DASHBOARD_METRICS": "perhaps"}),
        ("full", {"DASHBOARD_API_URL": "::"}),
    ],
)
def test_the_caller_never_notices_what_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, kind: str, environ: dict[str, str]
) -> None:
    _switched_on(monkeypatch, "http://127.0.0.1:9")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    asyncio.run(record_pipeline_metrics(kind, quality_score=7.0, bypass_reason="mood"))


def test_the_environment_says_which_recorder_it_wants(
    exporter: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(recorder_from_environment(), NullRecorder)
    _switched_on(monkeypatch, exporter.url)
    with recorder_from_environment() as recorder:
        assert isinstance(recorder, PushRecorder)
        with recorder.item(content_type="news") as item:
            item.finish("full")
    assert _summary(exporter)["full_processing"] == 1


def test_a_pipeline_of_somebody_else_reports_as_async_code(exporter: BackgroundServer) -> None:
    async def pipeline() -> None:
        async with PushRecorder(exporter.url, token="sesame") as recorder:
            for seconds in (300.0, 42.0):
                async with recorder.item(content_type="news") as item:
                    async with item.stage("download"):
                        await asyncio.sleep(0)
                    item.checkpoint("post_download", duration_seconds=seconds)

    asyncio.run(pipeline())
    assert _summary(exporter)["full_processing"] == 2  # early exit is switched off
    text = httpx.get(f"{exporter.url}/metrics").text
    assert 'pipeline_stage_duration_seconds_count{pipeline_stage="download"} 2.0' in text
    assert 'exit_candidate_confidence_count{checkpoint="post_download",config_version="unspecified"} 1.0' in text
