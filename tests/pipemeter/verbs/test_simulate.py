from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from exporter.server.running import BackgroundServer
from pipeline.domains.content import families as content
from tests.pipemeter.conftest import Pipemeter

# set only by a process that runs a pipeline of its own
LIVENESS = {"pipeline_items_in_progress", "pipeline_last_item_timestamp_seconds"}


def test_simulated_traffic_reaches_every_family_and_all_of_it_arrives(
    pipemeter: Pipemeter, exporter: BackgroundServer
) -> None:
    done = pipemeter("simulate", "--url", exporter.url, "--seconds", "2", "--rate", "200", "--fail", "0.05", "--shadow", "0.5", "--seed", "11",
                     "--json")  # fmt: skip
    assert done.code == 0
    figures = done.lines()[0]
    assert figures["items"] >= 390
    assert figures["failed_items"] > 0
    assert figures["delivered"] == figures["events"]
    text = httpx.get(f"{exporter.url}/metrics").text
    found = {family.name: family for family in text_string_to_metric_families(text)}
    for family in content.FAMILIES:
        if family.name not in LIVENESS:
            samples = found[family.name.removesuffix("_total")].samples
            assert any(sample.value for sample in samples), family.name
    summary = httpx.get(f"{exporter.url}/api/performance/metrics/summary").json()
    assert summary["total_processed"] == figures["items"] - figures["failed_items"]
    assert 0.55 < summary["bypass_rate"] < 0.80
    assert summary["avg_time_savings"] > 0.5


def test_the_same_seed_makes_the_same_items(pipemeter: Pipemeter, exporter: BackgroundServer) -> None:
    arguments = ("simulate", "--url", exporter.url, "--seconds", "0.5", "--rate", "40", "--json", "--seed")
    first, second = (pipemeter(*arguments, seed).lines()[0]["events"] for seed in ("7", "7"))
    assert first == second


def test_an_exporter_that_is_away_is_said(pipemeter: Pipemeter) -> None:
    done = pipemeter("simulate", "--url", "http://127.0.0.1:9", "--seconds", "0.3")
    assert done.code == 1
    assert "waiting on disk" in done.out
