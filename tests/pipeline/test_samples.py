"""The samples go the way that samples/expected.yaml says, with every shortcut on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline import InProcessRecorder
from pipeline.configuration.config import load_config
from pipeline.recording.savings import CostModel
from pipeline.running.engine import PRIORS, Engine
from pipeline.running.local_toolbox import LocalToolbox
from pipeline.running.outcome import Outcome

SAMPLES = Path(__file__).parents[2] / "samples"
ALL_ON = {"ENABLE_QUALITY_FILTERING": "1", "ENABLE_CONTENT_ROUTING": "1", "ENABLE_EARLY_EXIT": "1"}


class Run:
    """All samples processed once, and once more."""

    def __init__(self, state: Path) -> None:
        config = load_config(None, ALL_ON)
        self.recorder = InProcessRecorder(CollectorRegistry(), config, CostModel(state / "costs.sqlite", PRIORS))
        self.costs_file = state / "costs.sqlite"
        with LocalToolbox(config, self.recorder) as toolbox:
            sources = list(toolbox.expand(str(SAMPLES)))
            engine = Engine(self.recorder, toolbox)
            self.first = [engine.process(source) for source in sources]
            counted = self.total("pipeline_items_total")
            self.second = [engine.process(source) for source in sources]
            self.counted_twice = self.total("pipeline_items_total") - counted
            engine.close()

    def total(self, name: str, **labels: str) -> float:
        """Add up the series of a family that carry these labels."""
        families = self.recorder.metrics.registry.collect()
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(s.value for s in samples if labels.items() <= s.labels.items())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    patch = pytest.MonkeyPatch()
    state = tmp_path_factory.mktemp("state")
    patch.setenv("MONITORING_HOME", str(state))
    yield Run(state)
    patch.undo()


def _way(outcome: Outcome) -> str:
    if outcome.failed:
        return f"failed:{outcome.failed_stage}"
    return f"early_exit:{outcome.checkpoint}" if outcome.checkpoint else str(outcome.processing_type)


def _expected() -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((SAMPLES / "expected.yaml").read_text())
    return {row["path"]: row for row in document["samples"]}


def test_every_sample_goes_the_expected_way(run: Run) -> None:
    ways = {str(Path(o.source).relative_to(SAMPLES)): _way(o) for o in run.first if Path(o.source).is_file()}
    expected = {path: row["expectation"] for path, row in _expected().items() if path in ways}
    assert ways == expected
    assert len(ways) >= 60


def test_what_got_as_far_as_its_content_type_has_the_right_one(run: Run) -> None:
    rows = _expected()
    found = {str(Path(o.source).relative_to(SAMPLES)): o.content_type for o in run.first if Path(o.source).is_file()}
    judged = [path for path, row in rows.items() if row["content_type"] and found.get(path)]
    wrong = [path for path in judged if found[path] != rows[path]["content_type"]]
    assert len(wrong) <= len(judged) * 0.05, wrong


def test_all_ways_and_three_checkpoints_occur(run: Run) -> None:
    ways = Counter(_way(outcome) for outcome in run.first)
    assert {"full", "lightweight"} <= set(ways)
    assert sum(way.startswith("early_exit:") for way in ways) >= 3
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 10_000_000


@pytest.mark.parametrize("profile", ["conservative", "balanced", "aggressive", None])
@pytest.mark.parametrize("flags", [ALL_ON, {"ENABLE_EARLY_EXIT": "1"}], ids=["all", "early exit"])
def test_what_holds_nothing_to_check_leaves_after_the_analysis_under_every_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str | None, flags: dict[str, str]
) -> None:
    monkeypatch.setenv("MONITORING_HOME", str(tmp_path))
    config = load_config(None, flags, profile=profile)
    names = [path for path, row in _expected().items() if row["expectation"] == "early_exit:post_analysis"]
    assert len(names) == 2
    with LocalToolbox(config, memory=False) as toolbox:
        engine = Engine(InProcessRecorder(CollectorRegistry(), config), toolbox)
        ways = {_way(engine.process(source)) for name in names for source in toolbox.expand(str(SAMPLES / name))}
        engine.close()
    assert ways == {"early_exit:post_analysis"}


def test_what_was_kept_is_good_and_most_of_the_time_is_saved(run: Run) -> None:
    done = [o for o in run.first if not o.failed]
    full = [o.quality for o in done if o.processing_type == "full" and o.quality is not None]
    assert sum(full) / len(full) > 0.75
    bypassed = sum(o.processing_type != "full" for o in done) / len(done)
    assert 0.55 <= bypassed <= 0.75
    assert all(o.time_saved_seconds is not None for o in done)


def test_the_metrics_say_what_the_outcomes_say(run: Run) -> None:
    for way in ("full", "lightweight", "early_exit"):
        mine = [o for o in run.first if o.processing_type == way]
        assert run.total("pipeline_items_total", processing_type=way) == len(mine)
        spent = sum(o.duration_seconds or 0.0 for o in mine)
        assert run.total("pipeline_time_spent_seconds_total", processing_type=way) == pytest.approx(spent)
        saved = sum(o.time_saved_seconds or 0.0 for o in mine)
        assert run.total("pipeline_time_saved_seconds_total", processing_type=way) == pytest.approx(saved)
    assert run.total("pipeline_failures_total") == sum(o.failed for o in run.first)
    assert run.total("pipeline_stage_duration_seconds_count", pipeline_stage="transcription") > 30
    assert run.total("exporter_incomplete_records_total") == run.total("exporter_label_overflow_total") == 0
    assert run.total("pipeline_items_in_progress") == 0


def test_the_stages_share_exactly_what_the_items_saved(run: Run) -> None:
    name = "pipeline_stage_time_saved_seconds_total"
    assert run.total(name) == pytest.approx(run.total("pipeline_time_saved_seconds_total"))
    assert run.total(name) > 1.0
    saving = ("transcription", "assessment", "analysis", "perspective", "fallacy", "memory", "graph")
    assert all(run.total(name, pipeline_stage=stage) > 0 for stage in saving)
    assert run.total(name) == pytest.approx(sum(run.total(name, pipeline_stage=stage) for stage in saving))


def test_the_second_time_nothing_is_counted_and_everything_is_known(run: Run) -> None:
    assert run.counted_twice == 0
    assert all(outcome.known for outcome in run.second)
    assert [_way(outcome) for outcome in run.second] == [_way(outcome) for outcome in run.first]


def test_learned_costs_are_kept_for_the_next_run(run: Run) -> None:
    found = CostModel(run.costs_file).estimate(["transcription:speech"], "news", 60.0)
    assert found is not None
    assert found.basis == "learned"
    assert found.seconds > 0
