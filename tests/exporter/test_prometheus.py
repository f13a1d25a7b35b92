"""With a real Prometheus, where one is installed: it reads what we expose, and our API reads from it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.api.performance import PrometheusSource
from monitoring.compile.boards.files import filled_in
from monitoring.servers.prometheus import PrometheusClient
from tests.exporter.conftest import Running, Serve, eventually

CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: pipeline
    honor_labels: true
    static_configs: [{{targets: ["{target}"]}}]
"""
NEEDED = pytest.mark.skipif(  # in CI a missing server is a failure, not a skip
    shutil.which("prometheus") is None and "CI" not in os.environ,
    reason="Debian's package prometheus is not installed",
)


@pytest.fixture
def prometheus(tmp_path: Path, running: Running) -> Iterator[str]:
    """A Prometheus that scrapes the exporter every second."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "prometheus.yml").write_text(CONFIG.format(target=running.url.removeprefix("http://")))
    command = ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
               f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: is_ready(url), 30)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def is_ready(url: str) -> bool:
    """Tell whether Prometheus answers queries: it listens before it does, and says 503 meanwhile."""
    try:
        return httpx.get(f"{url}/-/ready").is_success
    except httpx.HTTPError:
        return False


def ask(url: str, expression: str) -> list[Any]:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": expression}).raise_for_status().json()
    found: list[Any] = answer["data"]["result"]
    return found


def dots_on_the_board(url: str) -> list[dict[str, str]]:
    """Ask as the board of the exporter's health asks for single items; the query itself draws nothing."""
    board = json.loads((Path(__file__).parents[2] / "grafana/dashboards/health.json").read_text())
    targets = [target for panel in board["panels"] for target in panel["targets"]]
    (expression,) = [filled_in(target["expr"]) for target in targets if target.get("exemplar")]
    assert ask(url, expression) == []
    now = time.time()
    span = {"start": now - 600, "end": now + 600}
    found = httpx.get(f"{url}/api/v1/query_exemplars", params={"query": expression, **span}).json()["data"]
    return [dot["labels"] for one in found for dot in one["exemplars"]]


@NEEDED
def test_prometheus_reads_what_we_expose_and_the_api_reads_from_it(
    prometheus: str, running: Running, serve: Serve
) -> None:
    eventually(lambda: bool(ask(prometheus, "count_over_time(up[1m]) > 1")), 30)
    rows: list[dict[str, Any]] = [
        {"processing_type": "lightweight", "content_type": "news", "processing_time": 10.0, "time_saved_pct": 0.5,
         "quality_score": 0.3},
        {"processing_type": "full", "content_type": "news", "processing_time": 30.0, "time_saved_pct": 0.0,
         "quality_score": 0.9, "coherence": 0.5, "item_id": "seen"},
        {"processing_type": "early_exit", "exit_checkpoint": "post_download", "exit_reason": "too_short",
         "exit_confidence": 0.9},
    ]  # fmt: skip
    running.client.post("/api/performance/record/batch", json=rows * 10).raise_for_status()
    running.client.put("/metrics/job/nightly", content="job_items 3\n").raise_for_status()
    eventually(lambda: bool(ask(prometheus, "sum(pipeline_items_total) == 30")))
    eventually(lambda: bool(ask(prometheus, 'job_items{job="nightly"} == 3')))
    assert ask(prometheus, "up")[0]["value"][1] == "1"
    exemplars = httpx.get(
        f"{prometheus}/api/v1/query_exemplars",
        params={"query": "pipeline_quality_score_bucket", "start": time.time() - 600, "end": time.time() + 600},
    ).json()["data"]
    assert exemplars[0]["exemplars"][0]["labels"] == {"item_id": "seen"}
    assert dots_on_the_board(prometheus) == [{"item_id": "seen"}]

    api = serve(prometheus_url=prometheus, journal=None).client
    summary = api.get("/api/performance/metrics/summary?hours=1").json()
    assert (summary["source"], summary["hours"]) == ("prometheus", 1)
    assert summary["window_end_seconds"] - summary["window_start_seconds"] == 3600
    assert "since" not in summary
    # Prometheus extrapolates increases to the whole window, so that counts are about right, ratios exactly
    assert summary["total_processed"] == pytest.approx(30, rel=0.5)
    assert summary["bypass_rate"] == pytest.approx(2 / 3)
    assert summary["avg_time_savings"] == pytest.approx(100 / 500)
    overview = api.get("/api/performance/").json()
    assert [row["content_type"] for row in overview["content_type_breakdown"]] == ["news", "unspecified"]
    news = overview["content_type_breakdown"][0]
    assert (news["avg_quality_score"], news["avg_quality_score_full"]) == pytest.approx((0.6, 0.9))
    assert overview["content_type_breakdown"][0]["avg_processing_time"] == pytest.approx(20)
    point = overview["checkpoint_analytics"][0]
    assert (point["checkpoint_name"], point["top_exit_reasons"][0]["reason"]) == ("post_download", "too_short")
    assert point["exit_rate"] == pytest.approx(1 / 3)
    assert point["avg_confidence"] == pytest.approx(0.9)


def test_the_hours_of_a_window_come_back_one_by_one() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = dict(httpx.QueryParams(request.content.decode()))
        assert (asked["start"], asked["end"], asked["step"]) == ("7200.000", "14400.000", "3600")
        dimensions = ("overall", "coherence") if "dimension" in asked["query"] else ("",)
        by = [{"dimension": name, "processing_type": "full"} for name in dimensions]
        value = {"sum": "8"}.get("sum" if "_sum" in asked["query"] else "", "10")
        result = [{"metric": labels, "values": [[10_800, value], [14_400, value]]} for labels in by]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": result}})

    import asyncio

    client = PrometheusClient("http://p", transport=httpx.MockTransport(answer))
    trends = asyncio.run(PrometheusSource(client, clock=lambda: 12_345.0).trends(3))
    assert [(t.timestamp, t.timestamp_seconds, t.avg_quality_score, t.informativeness_score, t.items_processed) for t in trends] == [
        ("1970-01-01T02:00:00Z", 7200, 0.8, None, 10), ("1970-01-01T03:00:00Z", 10_800, 0.8, None, 10),
    ]  # fmt: skip


def test_when_prometheus_does_not_answer_the_api_says_so(serve: Serve) -> None:
    running = serve(prometheus_url="http://user:secret@127.0.0.1:9")
    response = running.client.get("/api/performance/")
    assert response.status_code == 502
    assert "secret" not in response.text
    assert running.client.get("/health").status_code == 200
