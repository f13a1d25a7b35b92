"""The shadow sample: which skipped items are processed in full all the same, and whether their skip was right.

docs/shadow.md states the definitions with their reasons.
"""

from __future__ import annotations

import hashlib

import msgspec

from pipeline.decisions.quality import QualityThresholds, judge
from pipeline.events import SkipDecision, SkipVerdict
from pipeline.item import Scores

ENOUGH = 0.5  # share of the usual yield from which on a result counts as worth having


class Skip(msgspec.Struct, frozen=True):
    """How an item left before full processing was done, and what that was estimated to save (seconds).

    `scores` and `findings` (its yield) are those known when it left. `missing`: the steps of full processing that it
    did not take; `instead`: what it spent on steps that full processing does not have.
    """

    decision: SkipDecision
    item_id: str
    content_type: str | None = None
    scores: Scores | None = None
    findings: float | None = None
    length_seconds: float | None = None
    missing: frozenset[str] = frozenset()
    instead: float = 0.0
    saved: float | None = None


class FullResult(msgspec.Struct, frozen=True):
    """What full processing made of an item: its scores and its yield, and what items of its type usually yield."""

    scores: Scores | None
    found: float | None
    usual: float | None


def chosen(item_id: str, rate: float, seed: int) -> bool:
    """Tell whether an item belongs to the sample of this rate (0..1).

    It depends on the item's identity and the seed alone: not on order, machine or process. What a rate chooses, every
    higher rate chooses too.
    """
    digest = hashlib.sha256(f"shadow:{seed}:{item_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) < rate * 2**64


def judge_skip(skip: Skip, result: FullResult, thresholds: QualityThresholds) -> SkipVerdict | None:
    """Return whether a skip was right, None when too little is known to say.

    It was wrong when the full result was worth having: a yield of at least half of what items of its type, processed
    in full, yield on average; and, unless the decision already knew the quality and took it into account, scores at
    or above all thresholds.
    """
    quality_counts = skip.decision == "content_type" or (skip.decision == "early_exit" and skip.scores is None)
    if quality_counts and result.scores is not None and judge(result.scores, thresholds).below:
        return "right"
    if result.found is None or result.usual is None:
        return None
    return "wrong" if result.found > 0 and result.found >= ENOUGH * result.usual else "right"
