from __future__ import annotations

import re
from pathlib import Path

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
    done = pipemeter("simulate", "--url", exporter.url, "--seconds", "2", "--rate", "200", "--fail", "0.05", "--shadow", "0.5",
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


def test_the_doctor_finds_a_healthy_installation(pipemeter: Pipemeter) -> None:
    done = pipemeter("doctor", "--json", DISCORD_WEBHOOK_URL="https://discord.test/api/webhooks/1/sesame",
                     SHADOW_RATE="0.03")  # fmt: skip
    document = done.lines()[0]
    assert done.code == 0, document
    states = {finding["check"]: finding["state"] for finding in document["findings"]}
    assert {states[stage] for stage in ("download", "transcription", "assessment", "analysis", "memory")} == {"ok"}
    assert states["prometheus"] == "off"
    values = {row["key"]: row for row in document["configuration"]}
    assert values["thresholds.min_overall"] == {"key": "thresholds.min_overall", "value": 0.65, "origin": "built-in"}
    assert values["shadow_rate"] == {"key": "shadow_rate", "value": 0.03, "origin": "environment SHADOW_RATE"}
    assert "sesame" not in done.out


def test_the_doctor_says_how_to_mend_missing_weights(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "models.yaml").write_text("transcription: {model_dir: /nowhere/at/all}\n")
    done = pipemeter("doctor")
    assert done.code == 1
    assert "/nowhere/at/all" in done.out
    assert "mend:" in done.out


def test_help_names_every_command(pipemeter: Pipemeter) -> None:
    done = pipemeter("--help")
    assert all(
        re.search(rf"^  {verb} +\S", done.out, re.MULTILINE)
        for verb in ("run", "explain", "serve", "simulate", "doctor")
    )


def test_an_unknown_command_is_bad_usage(pipemeter: Pipemeter) -> None:
    assert pipemeter("rum").code == 2
