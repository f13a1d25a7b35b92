from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from pipeline import InProcessRecorder
from pipeline.configuration.config import Config, load_config
from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.recording.savings import CostModel
from pipeline.running.batch import run_all
from pipeline.running.engine import PRIORS, Engine
from pipeline.running.local_toolbox import LocalToolbox
from pipeline.running.outcome import Outcome
from tests.pipeline.llm.conftest import KEY, ChatServer
from tests.pipeline.stages.test_publish import Discord
from tests.servers import Answer

SAMPLES = Path(__file__).parents[3] / "samples"
GOOD, FUN, POOR = (
    SAMPLES / name for name in ("news/election-count.vtt", "entertainment/quiz-night.srt", "poor/clickbait.html")
)
ALL_ON = {"ENABLE_QUALITY_FILTERING": "1", "ENABLE_CONTENT_ROUTING": "1", "ENABLE_EARLY_EXIT": "1"}


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()


@pytest.fixture
def discord() -> Iterator[Discord]:
    server = Discord()
    yield server
    server.close()


class Pipeline:
    """An engine with the real stages, in a registry of its own."""

    def __init__(self, config: Config) -> None:
        self.recorder = InProcessRecorder(CollectorRegistry(), config, CostModel(priors=PRIORS))
        self.toolbox = LocalToolbox(config, self.recorder)
        self.engine = Engine(self.recorder, self.toolbox)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()
        self.toolbox.close()

    def process(self, path: Path) -> Outcome:
        return self.engine.process(Source(str(path)))

    def total(self, name: str, **labels: str) -> float:
        families = self.recorder.metrics.registry.collect()
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(s.value for s in samples if labels.items() <= s.labels.items())


_BLANKS: dict[str, Any] = {"array": [], "number": 0.8, "string": "The count is in."}


class Obliging(ChatServer):
    """Fits its answer to each question's schema: empty lists, short texts."""

    def __init__(self) -> None:
        super().__init__()
        self._one_at_a_time = threading.Lock()

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Answer:
        properties = body["response_format"]["json_schema"]["schema"]["properties"]
        with self._one_at_a_time:
            self.content = json.dumps({name: _BLANKS[kind["type"]] for name, kind in properties.items()})
            return super().answer(request, body)


def test_a_configured_model_is_asked_three_times_and_shortcuts_save_its_calls() -> None:
    chat = Obliging()
    try:
        environ = {**ALL_ON, "LLM_BASE_URL": chat.base_url, "LLM_API_KEY": KEY}
        with Pipeline(load_config(None, environ)) as pipeline:
            assert pipeline.process(GOOD).processing_type in ("full", "early_exit")
            assert len(chat.requests) == 3
            assert pipeline.process(FUN).processing_type == "lightweight"
            assert len(chat.requests) == 3
            assert pipeline.total("pipeline_llm_calls_saved_total", processing_type="lightweight") == 3
            saved = pipeline.total("pipeline_cost_saved_usd_total", processing_type="lightweight")
            # 3 x (1000 tokens in at 0.15, 200 out at 0.60 dollars a million): what the first item cost
            assert saved == pytest.approx(3 * (1000 * 0.15 + 200 * 0.60) / 1e6)
    finally:
        chat.close()


def test_a_model_that_fails_costs_no_item_and_is_counted(chat: ChatServer) -> None:
    chat.content = "this is no JSON"
    environ = {"LLM_BASE_URL": chat.base_url, "LLM_API_KEY": KEY}
    with Pipeline(load_config(None, environ)) as pipeline:
        assert pipeline.process(GOOD).processing_type == "full"
        assert pipeline.total("pipeline_stage_errors_total", pipeline_stage="analysis", error_type="corrupt") > 0


def test_without_a_model_no_calls_are_claimed_as_saved() -> None:
    with Pipeline(load_config(None, ALL_ON)) as pipeline:
        pipeline.process(FUN)
        assert pipeline.total("pipeline_llm_calls_saved_total") == 0


def test_a_full_item_is_posted_and_a_bypassed_one_is_not(discord: Discord) -> None:
    with Pipeline(load_config(None, {**ALL_ON, "DISCORD_WEBHOOK_URL": discord.webhook})) as pipeline:
        pipeline.process(GOOD)
        pipeline.process(FUN)
        assert len(discord.posts) == 1
        assert pipeline.total("pipeline_stage_duration_seconds_count", pipeline_stage="publish") == 1


def test_a_channel_that_is_gone_costs_no_item(discord: Discord) -> None:
    with Pipeline(load_config(None, {"DISCORD_WEBHOOK_URL": discord.webhook + "x"})) as pipeline:
        assert pipeline.process(GOOD).error is None
        assert pipeline.total("pipeline_stage_errors_total", pipeline_stage="publish") == 1
        assert pipeline.total("pipeline_failures_total") == 0


def test_what_was_processed_can_be_found_again() -> None:
    from pipeline.running.local_toolbox import open_memory

    with Pipeline(load_config()) as pipeline:
        pipeline.process(GOOD)
    with open_memory(Config()) as memory:
        hits = memory.search("election")
        assert [hit.content_type for hit in hits] == ["news"]
        assert memory.neighbours(hits[0].content_hash)


def test_an_unforeseen_error_is_an_internal_failure_and_stays_with_its_item(monkeypatch: pytest.MonkeyPatch) -> None:
    with Pipeline(load_config()) as pipeline:

        def broken(*_: object) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(pipeline.toolbox, "assess", broken)
        outcome = pipeline.process(GOOD)
        assert (outcome.failed_stage, outcome.error) == ("assessment", "internal: ZeroDivisionError: a bug")
        assert pipeline.total("pipeline_failures_total", pipeline_stage="assessment", error_type="internal") == 1
        monkeypatch.undo()
        assert pipeline.process(FUN).error is None


def test_several_workers_do_the_same_as_one() -> None:
    with Pipeline(load_config(None, ALL_ON)) as pipeline:
        sources = [Source(str(path)) for path in (GOOD, FUN, POOR, SAMPLES / "broken/empty.txt")]
        outcomes = list(run_all(pipeline.engine, sources, workers=3, stop=threading.Event()))
        assert {Path(o.source).name: o.processing_type for o in outcomes} == {
            "election-count.vtt": "full", "quiz-night.srt": "lightweight", "clickbait.html": "lightweight", "empty.txt": None,
        }  # fmt: skip


def test_a_custom_type_is_found_and_routed(tmp_path: Path) -> None:
    (tmp_path / "content_routing.yaml").write_text(
        "custom_types:\n  botany:\n    processing_mode: lightweight\n"
        "    examples: [leaves use sunlight to make sugar, chlorophyll absorbs red and blue light, "
        "photosynthesis in the chloroplast, plants turn carbon dioxide and water into glucose]\n"
    )
    with Pipeline(load_config(tmp_path, ALL_ON)) as pipeline:
        outcome = pipeline.process(SAMPLES / "education/photosynthesis.vtt")
        assert (outcome.content_type, outcome.reason) == ("botany", "content_type")
        assert pipeline.total("pipeline_items_total", content_type="botany", processing_type="lightweight") == 1
        assert pipeline.process(GOOD).content_type == "news"


def test_a_memory_that_cannot_be_opened_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_HOME", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "memory.sqlite").write_bytes(b"no database at all" * 300)
    with pytest.raises(StageError, match=r"memory\.sqlite"):
        LocalToolbox(load_config())
