"""One item's way through a pipeline, in whatever stages its owner has: timed, decided, recorded.

    with recorder.item(content_type="news") as item:
        with item.stage("download"):
            ...
        if item.checkpoint("post_download", duration_seconds=42).exit:
            return

The scope makes the decisions (by the recorder's configuration and flags), adds up what the item cost, estimates what
its shortcuts saved, and records everything when the block ends. An exception makes the item a failed one and goes on.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import msgspec

from pipeline.decisions.early_exit import CheckpointVerdict, evaluate
from pipeline.decisions.quality import QualityVerdict, judge
from pipeline.decisions.routing import RouteVerdict, route
from pipeline.decisions.shadow import Skip, chosen
from pipeline.domains.event import DomainEvent
from pipeline.events import (
    BypassReason,
    CheckpointEvaluated,
    ItemAbandoned,
    ItemFailed,
    ItemFinished,
    ProcessingType,
    QualityAssessed,
    StageFault,
)
from pipeline.item import Fact, Scores
from pipeline.recording.decorated import Function, decorated
from pipeline.recording.known import Known
from pipeline.recording.leaving import abandons
from pipeline.recording.ledger import Ledger
from pipeline.recording.reckoning import Reckoning, abandoned, failed, tell_abandoned
from pipeline.recording.remarks import AFTER_THE_END, ENTERED_AGAIN, FINISHED_AGAIN, LEFT_AGAIN, Remarks
from pipeline.recording.savings import CostModel
from pipeline.recording.timing import UNTIMED, Block, Group, Stage

if TYPE_CHECKING:
    from pipeline.configuration.config import Config

_Description = tuple[str | None, str | None, float | None, Iterable[str] | None]
_current: ContextVar[ItemScope | None] = ContextVar("pipemeter_item", default=None)


def current_item() -> ItemScope:
    """Return the innermost item being followed here. Raises LookupError outside of one."""
    item = _current.get()
    if item is None:
        raise LookupError("no item is being followed here; use `with recorder.item():` or its decorator form")
    return item


class Sink(Protocol):
    """What a scope needs of a recorder."""

    enabled: bool
    costs: CostModel

    @property
    def config(self) -> Config:
        """The configuration that decisions follow."""

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Take the events of an item."""

    def item_started(self) -> None:
        """Note that an item is being worked on."""

    def item_ended(self) -> None:
        """Note that an item is done, one way or another."""

    def shadow(self, skip: Skip, clock: Callable[[], float]) -> Again:
        """Return the way to process a skipped item in full all the same."""


class Again(Protocol):
    """Full processing of an item that was skipped: `with` or `async with`, once. See `pipeline.recording.shadow`."""

    def __enter__(self) -> ItemScope: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool: ...
    async def __aenter__(self) -> ItemScope: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool: ...


class ItemScope(Known):
    """Follows one item; made by `Recorder.item`. Use as `with`, `async with` or decorator.

    `content_type` may be set at any time. `outcome` is the final event once the block has ended. A scope may be entered
    again once it was left: that is another item, with nothing of the one before but what `Recorder.item` was given.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        content_type: str | None = None,
        item_id: str | None = None,
        length_seconds: float | None = None,
        measure: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(content_type, item_id, length_seconds)
        self._sink = sink
        self._measure = sink.enabled if measure is None else measure
        self._clock = clock
        self._given = self._described()
        self._left_as = self._given  # what it was like when it was last left
        self._remarks = Remarks()
        self._ledger = Ledger(clock, kept=self._measure, remarks=self._remarks)
        self._reckoning: Reckoning | None = None
        self._discarded = False
        self._token: Token[ItemScope | None] | None = None  # set while the item is under way
        self._process = 0
        self._beside: ItemScope | None = None  # the scope that this one stands in for
        self.outcome: ItemFinished | ItemFailed | ItemAbandoned | None = None

    @property
    def steps(self) -> Mapping[str, float]:
        """The seconds of each step taken so far."""
        return self._ledger.steps

    # --- the caller's stages

    def stage(self, name: str, *, step: str | None = None) -> Block:
        """Time one stage (`with` or `async with`). An exception in it makes the item fail there.

        `step` is the name under which its cost is learned where that differs (reading captions and recognising speech
        are the same stage, but not the same cost).
        """
        this = self._this("stage")
        return Stage(this._ledger, name, step or name) if this._counts else UNTIMED

    def parallel(self, step: str) -> Block:
        """Hold stages that run at the same time: their cost is learned as one step's wall time."""
        this = self._this("parallel")
        return Group(this._ledger, step) if this._counts else UNTIMED

    def fault(self, stage: str, error_type: str) -> None:
        """Record a fault that a stage survived."""
        self._this("fault")._ledger.note(StageFault(stage, error_type))

    # --- decisions

    def checkpoint(self, name: str, **facts: float | int | str | bool | Fact) -> CheckpointVerdict:
        """Ask a checkpoint whether to leave, given these facts and those known before.

        A plain value counts as fully reliable; give a `Fact` to say less. Leave the block when `.exit` is true.
        """
        this, config = self._this("checkpoint"), self._sink.config
        this.facts |= {key: value if isinstance(value, Fact) else Fact(value) for key, value in facts.items()}
        this.left = None
        point = config.checkpoints.get(name)
        if point is None or not (this._measure or config.flags.early_exit):
            return CheckpointVerdict(name, exit=False)
        verdict = evaluate(point, this.facts)
        this._ledger.note(CheckpointEvaluated(name, this.content_type, config.version, verdict.confidence))
        if not config.flags.early_exit:
            return msgspec.structs.replace(verdict, exit=False)
        this.left = verdict if verdict.exit else None
        return verdict

    def quality(
        self,
        overall: float,
        coherence: float,
        completeness: float,
        informativeness: float,
        *,
        content_type: str | None = None,
        reliability: float = 1.0,
    ) -> QualityVerdict:
        """Give the quality scores (0..1); they become facts, and are compared with the thresholds."""
        this, config = self._this("quality"), self._sink.config
        this.content_type = content_type or this.content_type
        this.scores = Scores(overall, coherence, completeness, informativeness)
        names = ("overall_quality", "coherence", "completeness", "informativeness")
        values = msgspec.structs.astuple(this.scores)
        this.facts |= {name: Fact(value, reliability) for name, value in zip(names, values, strict=True)}
        verdict = judge(this.scores, config.thresholds)
        this._ledger.note(QualityAssessed(verdict.margin, this.content_type, config.version))
        return verdict

    def route(self, content_type: str | None = None) -> RouteVerdict:
        """Decide between the lightweight way (`.bypass`) and going on; after `quality`."""
        this, config, flags = self._this("route"), self._sink.config, self._sink.config.flags
        this.content_type = content_type or this.content_type
        quality = judge(this.scores, config.thresholds) if this.scores else QualityVerdict(False, 0.0, ())
        verdict = route(
            this.content_type,
            quality,
            config.routing,
            quality_filtering=flags.quality_filtering,
            content_routing=flags.content_routing,
        )
        this.left, this.bypass = None, verdict.reason
        return verdict

    def finish(self, processing_type: ProcessingType, *, bypass_reason: BypassReason | None = None) -> None:
        """Say which way the item went, where a pipeline decides for itself instead of asking here."""
        this = self._this("finish")
        if this.said is not None and not this._ledger.closed:
            this._remarks.make(FINISHED_AGAIN)
        this.said = processing_type
        this.bypass = bypass_reason or this.bypass

    def discard(self) -> None:
        """Forget this item: it turned out to be no new work. Nothing is recorded and nothing is learned."""
        self._this("discard")._discarded = True

    def calls_saved(self, llm_calls: int, cost_usd: float = 0.0) -> None:
        """Say how many model calls, and dollars, the shortcut made unnecessary."""
        self._this("calls_saved").calls = (llm_calls, cost_usd)

    def yielded(self, findings: float) -> None:
        """Say how much came out of full processing, counted in whatever you count; see `shadow`."""
        self._this("yielded").findings = findings

    def shadow(self) -> Again | None:
        """Return the way to process this item in full all the same, once its block has ended.

        None unless a decision skipped the item and the sample (`shadow_rate`) has chosen it: an item without an
        `item_id` is never chosen, and nothing is where nothing is recorded.
        """
        if not self._sink.enabled or not self.item_id or self._reckoning is None:
            return None
        config = self._sink.config
        if not chosen(self.item_id, config.shadow_rate, config.shadow_seed):
            return None
        skip = self._reckoning.skip(self.item_id)
        return self._sink.shadow(skip, self._clock) if skip else None

    # --- the block

    def __enter__(self) -> ItemScope:
        if self._token is not None:
            return self._another().__enter__()
        if self._ledger.closed:
            self._begin_anew()
        self._token = _current.set(self)
        self._process = os.getpid()
        if self._measure:
            self._sink.item_started()
            self._ledger.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        beside = _current.get()
        if beside is not None and beside._beside is self:
            beside.__exit__(kind, error, trace)
            return
        if self._token is None:
            self._remarks.make(LEFT_AGAIN)
            return
        token, self._token = self._token, None
        with contextlib.suppress(ValueError):  # left in another context than entered, such as a generator's
            _current.reset(token)
        self._left_as = self._described()
        try:
            if self._measure and self._process == os.getpid():  # in a forked child the item is still the parent's
                self._end(error)
        finally:
            self._ledger.close()

    async def __aenter__(self) -> ItemScope:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Wrap a function, plain, async or a generator, so that each call is an item, inside the `current_item()`.

        A generator's item ends with its body; one that is closed before counts as abandoned.
        """
        return decorated(function, self._alike)

    def rest(self) -> None:
        """Stop being the current item, while a decorated generator waits for whoever takes from it."""
        if self._token is not None:
            with contextlib.suppress(ValueError):
                _current.reset(self._token)

    def go_on(self) -> None:
        """Be the current item again."""
        self._token = _current.set(self)

    # --- entered again

    def _described(self) -> _Description:
        return self.content_type, self.item_id, self.length_seconds, self.full_steps

    def _begin_anew(self) -> None:
        """Be another item. What was set since the last one was left is meant for this one."""
        now = self._described()
        fresh = [
            set_ if set_ != left else given for set_, left, given in zip(now, self._left_as, self._given, strict=True)
        ]
        super().__init__(*fresh[:3])  # type: ignore[arg-type]  # three of the four, in their order
        self.full_steps = fresh[3]  # type: ignore[assignment]
        self._ledger = Ledger(self._clock, kept=self._measure, remarks=self._remarks)
        self._reckoning, self._discarded, self.outcome = None, False, None

    def _alike(self) -> ItemScope:
        content_type, item_id, length_seconds, _ = self._given
        return ItemScope(
            self._sink,
            content_type=content_type,
            item_id=item_id,
            length_seconds=length_seconds,
            measure=self._measure,
            clock=self._clock,
        )

    def _another(self) -> ItemScope:
        """Return the scope of an item that began while this one is under way; in its context it stands in for this."""
        self._remarks.make(ENTERED_AGAIN)
        another = self._alike()
        another._beside, another._remarks = self, self._remarks
        return another

    def _this(self, what: str) -> ItemScope:
        """Return the scope that a call is about: this one, or one that stands in for it here."""
        beside = _current.get()
        if beside is not None and beside._beside is self:
            return beside
        if self._ledger.closed:
            self._remarks.make(AFTER_THE_END, what)
        return self

    @property
    def _counts(self) -> bool:
        return self._measure and not self._ledger.closed

    # --- what it comes to

    def _end(self, error: BaseException | None) -> None:
        spent = self._ledger.spent
        self._sink.item_ended()
        if self._discarded:
            return
        costs, version = self._sink.costs, self._sink.config.version
        if error is None:
            self._reckoning = Reckoning(self, self._ledger, spent, costs, version)
            self.outcome, events = self._reckoning.outcome, self._reckoning.events
            self._reckoning.learn()
        elif not abandons(error):
            self.outcome = failed(self, self._ledger, error, version)
            events = [self.outcome]
        else:
            self.outcome = abandoned(self, self._ledger, error, spent, version)
            events = [self.outcome]
            if self._sink.enabled:
                tell_abandoned(self.outcome)
        self._sink.record_many([*self._ledger.close(), *events])
