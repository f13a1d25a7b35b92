"""The shadow sample with the real stages: the same items with a rate of 0 and of 1."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.configuration.config import load_config
from pipeline.running.local_toolbox import LocalToolbox
from pipeline.running.outcome import Outcome
from tests.pipeline.llm.conftest import KEY, ChatServer
from tests.pipeline.running.test_engine import ALL_ON, SAMPLES, Pipeline
from tests.pipeline.stages.test_publish import Discord

NEWS, QUIZ, SHORT, RAMBLING, CLIPPED, EMPTY, SILENT = (
    SAMPLES / name
    for name in (
        "news/election-count.vtt",
        "entertainment/quiz-night.srt",
        "odd/two-cues.srt",
        "poor/filler-rambling.txt",
        "broken/text-inside.mp3",
        "broken/empty.txt",
        "odd/silence.mp3",
    )
)
SKIPPED = {QUIZ: "content_type", SHORT: "early_exit", RAMBLING: "early_exit", CLIPPED: "quality_filter"}
_TIMED = ("_sum", "_bucket", "_spent_seconds_total", "_saved_seconds_total", "_timestamp_seconds")


@pytest.fixture
def discord() -> Iterator[Discord]:
    server = Discord()
    yield server
    server.close()


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()


class Run:
    """All samples through one pipeline, with a state folder of its own."""

    def __init__(self, folder: Path, rate: float, monkeypatch: pytest.MonkeyPatch, **environ: str) -> None:
        monkeypatch.setenv("MONITORING_HOME", str(folder))
        with Pipeline(load_config(None, {**ALL_ON, "SHADOW_RATE": str(rate), **environ})) as pipeline:
            self.outcomes = [pipeline.process(path) for path in (NEWS, *SKIPPED, EMPTY)]
            self.pipeline = pipeline
        self.memory = folder / "memory.sqlite"

    def counts(self) -> dict[tuple[str, ...], float]:
        """Every ordinary number that is no time and no sum of times."""
        families = self.pipeline.recorder.metrics.registry.collect()
        samples = [s for family in families for s in family.samples if not s.name.startswith("pipeline_shadow_")]
        counted = (s for s in samples if "seconds" not in s.name or not s.name.endswith(_TIMED))
        known = (s for s in counted if s.name not in ("pipeline_config_info", "exporter_records_total"))
        return {(s.name, *map(str, sorted(s.labels.items()))): s.value for s in known}

    def learned(self) -> dict[tuple[str, str], float]:
        """How often each cost was observed."""
        return {key: sums.n for key, sums in self.pipeline.recorder.costs._sums.items()}

    def remembered(self) -> list[Any]:
        """Everything in memory but times."""
        with closing(sqlite3.connect(self.memory)) as connection:
            rows: list[Any] = []
            for table, columns in (
                ("items", "content_hash, source, title, text, summary, content_type, overall"),
                ("vectors", "*"),
                ("nodes", "kind, key, label"),
                ("edges", "*"),
            ):
                rows += sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall())
            stored = connection.execute("SELECT content_hash, outcome FROM outcomes ORDER BY 1").fetchall()
        return [*rows, *((key, untimed(msgspec.json.decode(blob, type=Outcome))) for key, blob in stored)]


def untimed(outcome: Outcome) -> Outcome:
    return msgspec.structs.replace(outcome, duration_seconds=None, time_saved_seconds=None)


def test_a_rate_of_one_changes_nothing_but_the_shadow_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, discord: Discord
) -> None:
    hook = {"DISCORD_WEBHOOK_URL": discord.webhook}
    plain = Run(tmp_path / "plain", 0.0, monkeypatch, **hook)
    posts = len(discord.posts)
    shadow = Run(tmp_path / "shadow", 1.0, monkeypatch, **hook)
    assert len(discord.posts) == 2 * posts == 2  # the news item, once in each run
    assert [untimed(o) for o in shadow.outcomes] == [untimed(o) for o in plain.outcomes]
    assert shadow.counts() == plain.counts()
    assert len(plain.counts()) > 200
    assert shadow.learned() == plain.learned()
    assert shadow.remembered() == plain.remembered()
    assert plain.pipeline.total("pipeline_shadow_items_total") == 0
    total = shadow.pipeline.total
    assert total("pipeline_shadow_items_total") == len(SKIPPED)
    for decision in ("quality_filter", "content_type", "early_exit"):
        expected = list(SKIPPED.values()).count(decision)
        assert total("pipeline_shadow_items_total", decision=decision) == expected, decision
    assert total("pipeline_shadow_savings_error_ratio_count") == len(SKIPPED)
    assert total("pipeline_shadow_items_total", content_type="unspecified") == 0  # found by full processing
    assert total("pipeline_shadow_true_saved_seconds_total") > 0
    for run in (plain, shadow):  # what the shadow work truly took is no saving of the pipeline's
        saved = run.pipeline.total("pipeline_time_saved_seconds_total")
        assert run.pipeline.total("pipeline_stage_time_saved_seconds_total") == pytest.approx(saved)
        assert saved > 0


def test_verdicts_of_real_items_follow_quality_and_yield(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = Run(tmp_path / "state", 1.0, monkeypatch).pipeline.total
    # a good quiz with as many claims as usual; two cues and rambling without any
    assert total("pipeline_shadow_items_total", decision="content_type", verdict="wrong") == 1
    assert total("pipeline_shadow_items_total", decision="early_exit", verdict="right") == 2


def test_media_without_speech_was_rightly_left_at_once() -> None:
    with Pipeline(load_config(None, {**ALL_ON, "SHADOW_RATE": "1"})) as pipeline:
        assert pipeline.process(SILENT).reason == "silent"
        assert pipeline.total("pipeline_shadow_items_total", decision="early_exit", verdict="right") == 1
        assert pipeline.total("pipeline_stage_errors_total") == pipeline.total("pipeline_failures_total") == 0
        assert pipeline.total("pipeline_stage_duration_seconds_count", pipeline_stage="transcription") == 0


def test_what_memory_knows_is_not_sampled_again() -> None:
    with Pipeline(load_config(None, {**ALL_ON, "SHADOW_RATE": "1"})) as pipeline:
        assert not pipeline.process(RAMBLING).known
        assert pipeline.process(RAMBLING).known
        assert pipeline.total("pipeline_shadow_items_total") == 1


def test_a_model_that_fails_in_shadow_work_is_no_fault_of_the_pipeline(chat: ChatServer) -> None:
    chat.content = "this is no JSON"
    environ = {**ALL_ON, "SHADOW_RATE": "1", "LLM_BASE_URL": chat.base_url, "LLM_API_KEY": KEY}
    with Pipeline(load_config(None, environ)) as pipeline:
        assert pipeline.process(QUIZ).processing_type == "lightweight"
        assert len(chat.requests) == 6  # three questions, twice each
        assert pipeline.total("pipeline_shadow_items_total") == 1
        assert pipeline.total("pipeline_stage_errors_total") == 0
        assert pipeline.total("pipeline_llm_calls_saved_total") == 3


def test_a_toolbox_without_effects_has_nothing_to_write_to(discord: Discord) -> None:
    config = load_config(None, {"DISCORD_WEBHOOK_URL": discord.webhook})
    with LocalToolbox(config) as toolbox:
        quiet = toolbox.without_effects()
        assert toolbox.publishes
        assert not quiet.publishes
        quiet.close()
        quiet.store_outcome("hash", "config", "source", b"{}")
        assert toolbox.known("hash", "config") is None
        toolbox.store_outcome("hash", "config", "source", b"{}")  # closing the other closed nothing of this one
        assert toolbox.known("hash", "config") == b"{}"
