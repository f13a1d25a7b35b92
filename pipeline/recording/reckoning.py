"""What an item comes to once it has ended: its outcome, what its shortcut saved, what can be learned from it."""

from __future__ import annotations

from pipeline.decisions.shadow import Skip
from pipeline.domains.content.savings import savings_share
from pipeline.errors import error_type_of
from pipeline.events import (
    AbandonReason,
    BypassReason,
    CallsSaved,
    Event,
    ItemAbandoned,
    ItemFailed,
    ItemFinished,
    SkipDecision,
    StageFault,
    StageSkipped,
)
from pipeline.logger import Logger
from pipeline.recording.known import Known
from pipeline.recording.ledger import Ledger
from pipeline.recording.savings import YIELD, CostModel, Estimate

_log = Logger("pipeline.item")
_MAX_SHARE = 0.999999  # a share saved is below 1: something was spent
_SKIPS: dict[BypassReason | None, SkipDecision] = {"low_quality": "quality_filter", "content_type": "content_type"}


class Reckoning:
    """An item that finished, reckoned up with the costs known at that moment.

    `events`: the outcome and what belongs to it. `spent` in seconds; `version`: of the configuration.
    """

    def __init__(self, known: Known, ledger: Ledger, spent: float, costs: CostModel, version: str | None) -> None:
        self._known, self._ledger, self._costs = known, ledger, costs
        self._estimate: Estimate | None = None
        self._missing: frozenset[str] = frozenset()
        self._instead = 0.0
        self._saved: float | None = None
        self.way = known.way
        self.outcome = self._finished(spent, version)
        self.events: list[Event] = [self.outcome, *self._skipped()]
        if known.calls and self.way != "full":
            self.events.append(CallsSaved(self.way, *known.calls, known.content_type, version))

    def learn(self) -> None:
        """Take the item into what is known about costs."""
        known, full = self._known, self.way == "full"
        self._costs.learn(self._ledger.steps, known.content_type, known.length, full=full)
        self._costs.learn_stages(self._ledger.taken)
        if full and known.findings is not None:
            self._costs.learn({YIELD: known.findings}, known.content_type, None, full=False)

    def skip(self, item_id: str) -> Skip | None:
        """Return how a decision skipped the item; None when none of ours did."""
        if self.way == "full":
            return None
        decision = "early_exit" if self.way == "early_exit" else _SKIPS.get(self.outcome.bypass_reason)
        if decision is None:  # bypassed for a reason of the caller's own
            return None
        known = self._known
        return Skip(
            decision,
            item_id,
            known.content_type,
            known.scores,
            known.findings,
            known.length,
            self._missing,
            self._instead,
            self._saved,
        )

    def _finished(self, spent: float, version: str | None) -> ItemFinished:
        known, left, scores = self._known, self._known.left, self._known.scores
        return ItemFinished(
            self.way,
            known.content_type,
            scores.overall if scores else None,
            spent,
            left.checkpoint if left else None,
            left.reason if left else None,
            left.confidence if left else None,
            self._saved_share(spent),
            scores.coherence if scores else None,
            scores.completeness if scores else None,
            scores.informativeness if scores else None,
            known.bypass if self.way == "lightweight" else None,
            version,
            known.item_id,
        )

    def _saved_share(self, spent: float) -> float | None:
        if self.way == "full":
            return 0.0
        known, costs, steps = self._known, self._costs, self._ledger.steps
        expected = frozenset(costs.full_steps() if known.full_steps is None else known.full_steps)
        self._missing = expected - set(steps)
        self._estimate = costs.estimate(self._missing, known.content_type, known.length) if expected else None
        if self._estimate is None:
            return None
        self._instead = sum(seconds for step, seconds in steps.items() if step not in expected)
        saved = self._saved = max(0.0, self._estimate.seconds - self._instead)
        return min(savings_share(saved, spent), _MAX_SHARE) if saved else 0.0

    def _skipped(self) -> list[Event]:
        """Divide what the record counts as saved among the stages; what was spent instead is taken off all alike."""
        share, spent = self.outcome.time_saved_pct, self.outcome.processing_time
        if not share or not spent or self._estimate is None:
            return []
        part = spent * share / (1 - share) / self._estimate.seconds
        by_stage = self._costs.by_stage(self._estimate)
        return [StageSkipped(stage, seconds * part) for stage, seconds in by_stage.items() if seconds]


def failed(known: Known, ledger: Ledger, error: Exception, version: str | None) -> ItemFailed:
    """Return what an item that failed comes to; an error outside of all stages is a fault of its own."""
    stage, error_type = ledger.failed_stage or "(outside)", error_type_of(error)
    if ledger.failed_stage is None:
        ledger.note(StageFault(stage, error_type))
    return ItemFailed(stage, error_type, known.content_type, version, known.item_id)


def abandoned(known: Known, ledger: Ledger, error: BaseException, spent: float, version: str | None) -> ItemAbandoned:
    """Return what an item comes to that was left by no error: it was cancelled, or the program was interrupted."""
    reason: AbandonReason = "interrupted" if isinstance(error, KeyboardInterrupt | SystemExit) else "cancelled"
    return ItemAbandoned(reason, known.content_type, spent, ledger.left_stage, version, known.item_id)


def tell_abandoned(item: ItemAbandoned) -> None:
    """Tell of an abandoned item where it was and for how long: no metric holds that."""
    _log.warning(
        "item abandoned",
        reason=item.reason,
        pipeline_stage=item.pipeline_stage or "(outside)",
        spent_seconds=item.processing_time,
        content_type=item.content_type,
        item_id=item.item_id,
    )
