"""Early exit: whether a condition holds clearly enough at a checkpoint to stop there.

confidence = reliability of the least reliable fact used x clarity of the condition (see `Condition.clarity`).
An item leaves when a condition holds with confidence >= the checkpoint's `min_confidence`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.decisions.condition import Condition
from pipeline.decisions.facts import COUNTED
from pipeline.item import Fact


class ExitCondition(msgspec.Struct, frozen=True):
    """A condition and the bounded name under which exits by it are counted."""

    condition: Condition
    reason: str


class Checkpoint(msgspec.Struct, frozen=True):
    """One place where items may leave."""

    name: str
    min_confidence: float = 0.80
    conditions: tuple[ExitCondition, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """A condition that held: confidence = reliability x clarity, each 0..1."""

    reason: str
    condition: str
    reliability: float
    clarity: float
    confidence: float


class CheckpointVerdict(msgspec.Struct, frozen=True):
    """What a checkpoint says. `candidates` are all conditions that held, the most confident first."""

    checkpoint: str
    exit: bool
    reason: str | None = None
    confidence: float | None = None  # of the most confident condition that held, exit or not
    candidates: tuple[Candidate, ...] = ()


def evaluate(checkpoint: Checkpoint, facts: Mapping[str, Fact]) -> CheckpointVerdict:
    """Ask a checkpoint. Without a condition that holds the verdict has neither reason nor confidence."""
    held = [_candidate(exit_, facts) for exit_ in checkpoint.conditions if exit_.condition.holds(facts)]
    if not held:
        return CheckpointVerdict(checkpoint.name, exit=False)
    candidates = tuple(sorted(held, key=lambda candidate: -candidate.confidence))
    best = candidates[0]
    leave = best.confidence >= checkpoint.min_confidence
    return CheckpointVerdict(checkpoint.name, leave, best.reason, best.confidence, candidates)


def greatest_confidence(exit_: ExitCondition, counted: float | None = None) -> float:
    """Return the confidence that a condition can have at most, 0..1; 0 where it never holds.

    `counted`: how reliable the numbers of claims, perspectives and fallacies can be, where not the heuristics count.
    """
    facts = exit_.condition.facts.values()
    surest = (counted if counted is not None and fact.name in COUNTED else fact.surest for fact in facts)
    return min(surest) * exit_.condition.clearest()


def _candidate(exit_: ExitCondition, facts: Mapping[str, Fact]) -> Candidate:
    reliability, clarity = exit_.condition.reliability(facts), exit_.condition.clarity(facts)
    return Candidate(exit_.reason, exit_.condition.source, reliability, clarity, reliability * clarity)
