from __future__ import annotations

import pytest

from pipeline.decisions.early_exit import CheckpointVerdict
from pipeline.errors import StageError
from pipeline.events import CallsSaved, ItemFailed, StageFault, StageSkipped
from pipeline.item import Scores
from pipeline.recording.known import Known
from pipeline.recording.ledger import Ledger
from pipeline.recording.reckoning import Reckoning, failed
from pipeline.recording.savings import CostModel


def taken(**seconds: float) -> Ledger:
    ledger = Ledger(lambda: 0.0, kept=True)
    for stage, spent in seconds.items():
        ledger.finished(stage, stage, spent)
    return ledger


@pytest.fixture
def costs() -> CostModel:
    """What one full item of 80 seconds has taught."""
    model = CostModel()
    Reckoning(Known("news", None, 80.0), taken(download=2.0, analysis=6.0), 8.0, model, None).learn()
    return model


def test_full_processing_saves_nothing(costs: CostModel) -> None:
    found = Reckoning(Known("news", "id", 80.0), taken(download=2.0, analysis=6.0), 8.0, costs, "blue")
    assert found.outcome.time_saved_pct == 0.0
    assert found.events == [found.outcome]
    assert found.skip("id") is None


def test_an_exit_saves_the_steps_that_it_did_not_take(costs: CostModel) -> None:
    known = Known("news", "id", 80.0)
    known.left = CheckpointVerdict("post_download", exit=True, reason="too_short", confidence=0.9)
    found = Reckoning(known, taken(download=2.0), 2.0, costs, "blue")
    assert found.outcome.time_saved_pct == pytest.approx(0.75, abs=0.01)
    assert (found.outcome.exit_checkpoint, found.outcome.exit_reason) == ("post_download", "too_short")
    (skipped,) = found.events[1:]
    assert isinstance(skipped, StageSkipped)
    assert skipped.pipeline_stage == "analysis"
    assert skipped.saved_seconds == pytest.approx(6.0, rel=0.02)
    skip = found.skip("id")
    assert skip is not None
    assert (skip.decision, skip.missing, skip.instead) == ("early_exit", frozenset({"analysis"}), 0.0)


def test_what_was_done_instead_is_taken_off(costs: CostModel) -> None:
    known = Known("news", None, 80.0)
    known.bypass = "low_quality"
    known.scores = Scores(0.5, 0.6, 0.7, 0.8)
    known.calls = (3, 0.02)
    found = Reckoning(known, taken(download=2.0, summary=1.0), 3.0, costs, "blue")
    spent, share = found.outcome.processing_time, found.outcome.time_saved_pct
    assert spent == 3.0
    assert share is not None
    assert spent * share / (1 - share) == pytest.approx(5.0, rel=0.02)
    assert (found.outcome.quality_score, found.outcome.informativeness) == (0.5, 0.8)
    assert found.events[-1] == CallsSaved("lightweight", 3, 0.02, "news", "blue")


def test_a_reason_of_the_owners_own_is_no_skip_of_ours(costs: CostModel) -> None:
    known = Known("news", "id", 80.0)
    known.said = "lightweight"
    assert Reckoning(known, taken(download=2.0), 2.0, costs, None).skip("id") is None


def test_an_item_fails_where_its_stage_failed() -> None:
    known, ledger = Known("news", "id", None), taken()
    ledger.failed("download", StageError("timeout", "slow"))
    assert failed(known, ledger, StageError("timeout", "slow"), "blue") == ItemFailed(
        "download", "timeout", "news", "blue", "id"
    )
    assert ledger.events == [StageFault("download", "timeout")]


def test_an_error_outside_of_all_stages_is_a_fault_of_its_own() -> None:
    known, ledger = Known(None, None, None), taken()
    assert failed(known, ledger, OSError(), None) == ItemFailed("(outside)", "storage")
    assert ledger.events == [StageFault("(outside)", "storage")]
