from __future__ import annotations

from pipeline.errors import StageError
from pipeline.events import StageFault, StageFinished
from pipeline.recording.ledger import Ledger


class Clock:
    """Advances by what it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_step_taken_twice_cost_both_times() -> None:
    ledger = Ledger(Clock(), kept=True)
    ledger.finished("transcription", "reading", 2.0)
    ledger.finished("transcription", "reading", 3.0)
    assert ledger.steps == {"reading": 5.0}
    assert ledger.taken == [("reading", "transcription", 2.0), ("reading", "transcription", 3.0)]
    assert ledger.events == [StageFinished("transcription", 2.0), StageFinished("transcription", 3.0)]


def test_stages_of_a_group_belong_to_its_step_and_cost_its_wall_time() -> None:
    ledger = Ledger(Clock(), kept=True)
    ledger.group_began("analyze")
    ledger.finished("analysis", "analysis", 4.0)
    ledger.finished("fallacy", "fallacy", 3.0)
    ledger.group_ended("analyze", 4.5)
    ledger.finished("memory", "memory", 1.0)
    assert ledger.steps == {"analyze": 4.5, "memory": 1.0}
    assert [step for step, *_ in ledger.taken] == ["analyze", "analyze", "memory"]


def test_the_first_stage_that_failed_is_where_the_item_fails() -> None:
    ledger = Ledger(Clock(), kept=True)
    ledger.failed("download", StageError("timeout", "slow"))
    ledger.failed("memory", OSError())
    assert ledger.failed_stage == "download"
    assert ledger.events == [StageFault("download", "timeout"), StageFault("memory", "storage")]


def test_nothing_is_kept_where_nothing_is_measured() -> None:
    ledger = Ledger(Clock(), kept=False)
    ledger.note(StageFinished("download", 1.0))
    assert ledger.events == []


def test_what_was_spent_is_counted_from_the_beginning() -> None:
    clock = Clock()
    ledger = Ledger(clock, kept=True)
    clock.now += 5
    ledger.begin()
    clock.now += 2
    assert ledger.spent == 2
