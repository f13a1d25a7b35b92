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

import functools
import inspect
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from pipeline.decisions.early_exit import CheckpointVerdict, evaluate
from pipeline.decisions.quality import QualityVerdict, judge
from pipeline.decisions.routing import RouteVerdict, route
from pipeline.decisions.shadow import Skip, chosen
from pipeline.domains.event import DomainEvent
from pipeline.events import (
    BypassReason,
    CheckpointEvaluated,
    ItemFailed,
    ItemFinished,
    ProcessingType,
    QualityAssessed,
    StageFault,
)
from pipeline.item import Fact, Scores
from pipeline.recording.known import Known
from pipeline.recording.ledger import Ledger
from pipeline.recording.reckoning import Reckoning, failed
from pipeline.recording.savings import CostModel
from pipeline.recording.timing import UNTIMED, Block, Group, Stage

if TYPE_CHECKING:
    from pipeline.configuration.config import Config

Function = TypeVar("Function", bound=Callable[..., Any])
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
    """Follows one item; made by `Recorder.item`. Use as `with`, `async with` or decorator, once per item.

    `content_type` may be set at any time. `outcome` is the final event once the block has ended.
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
        self._ledger = Ledger(clock, kept=self._measure)
        self._reckoning: Reckoning | None = None
        self._discarded = False
        self._token: Token[ItemScope | None] | None = None
        self.outcome: ItemFinished | ItemFailed | None = None

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
        return Stage(self._ledger, name, step or name) if self._measure else UNTIMED

    def parallel(self, step: str) -> Block:
        """Hold stages that run at the same time: their cost is learned as one step's wall time."""
        return Group(self._ledger, step) if self._measure else UNTIMED

    def fault(self, stage: str, error_type: str) -> None:
        """Record a fault that a stage survived."""
        self._ledger.note(StageFault(stage, error_type))

    # --- decisions

    def checkpoint(self, name: str, **facts: float | int | str | bool | Fact) -> CheckpointVerdict:
        """Ask a checkpoint whether to leave, given these facts and those known before.

        A plain value counts as fully reliable; give a `Fact` to say less. Leave the block when `.exit` is true.
        """
        self.facts |= {key: value if isinstance(value, Fact) else Fact(value) for key, value in facts.items()}
        self.left = None
        config = self._sink.config
        point = config.checkpoints.get(name)
        if point is None or not (self._measure or config.flags.early_exit):
            return CheckpointVerdict(name, exit=False)
        verdict = evaluate(point, self.facts)
        self._ledger.note(CheckpointEvaluated(name, self.content_type, config.version, verdict.confidence))
        if not config.flags.early_exit:
            return msgspec.structs.replace(verdict, exit=False)
        self.left = verdict if verdict.exit else None
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
        self.content_type = content_type or self.content_type
        self.scores = Scores(overall, coherence, completeness, informativeness)
        names = ("overall_quality", "coherence", "completeness", "informativeness")
        values = msgspec.structs.astuple(self.scores)
        self.facts |= {name: Fact(value, reliability) for name, value in zip(names, values, strict=True)}
        config = self._sink.config
        verdict = judge(self.scores, config.thresholds)
        self._ledger.note(QualityAssessed(verdict.margin, self.content_type, config.version))
        return verdict

    def route(self, content_type: str | None = None) -> RouteVerdict:
        """Decide between the lightweight way (`.bypass`) and going on; after `quality`."""
        self.content_type = content_type or self.content_type
        config, flags = self._sink.config, self._sink.config.flags
        quality = judge(self.scores, config.thresholds) if self.scores else QualityVerdict(False, 0.0, ())
        verdict = route(
            self.content_type,
            quality,
            config.routing,
            quality_filtering=flags.quality_filtering,
            content_routing=flags.content_routing,
        )
        self.left, self.bypass = None, verdict.reason
        return verdict

    def finish(self, processing_type: ProcessingType, *, bypass_reason: BypassReason | None = None) -> None:
        """Say which way the item went, where a pipeline decides for itself instead of asking here."""
        self.said = processing_type
        self.bypass = bypass_reason or self.bypass

    def discard(self) -> None:
        """Forget this item: it turned out to be no new work. Nothing is recorded and nothing is learned."""
        self._discarded = True

    def calls_saved(self, llm_calls: int, cost_usd: float = 0.0) -> None:
        """Say how many model calls, and dollars, the shortcut made unnecessary."""
        self.calls = (llm_calls, cost_usd)

    def yielded(self, findings: float) -> None:
        """Say how much came out of full processing, counted in whatever you count; see `shadow`."""
        self.findings = findings

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
        self._token = _current.set(self)
        if self._measure:
            self._sink.item_started()
            self._ledger.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        if not self._measure:
            return
        spent = self._ledger.spent
        self._sink.item_ended()
        if self._discarded:
            return
        if error is None:
            self._finished(spent)
        elif isinstance(error, Exception):
            self._failed(error)
        self._sink.record_many(self._ledger.events)

    async def __aenter__(self) -> ItemScope:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Wrap a function, plain or async, so that each call is an item; inside, `current_item()` gives its scope."""
        again = functools.partial(
            ItemScope,
            self._sink,
            content_type=self.content_type,
            item_id=self.item_id,
            length_seconds=self.length_seconds,
            measure=self._measure,
            clock=self._clock,
        )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapped_async(*args: Any, **kwargs: Any) -> Any:
                async with again():
                    return await function(*args, **kwargs)

            return wrapped_async  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    # --- what it comes to

    def _finished(self, spent: float) -> None:
        self._reckoning = found = Reckoning(self, self._ledger, spent, self._sink.costs, self._sink.config.version)
        self.outcome = found.outcome
        for event in found.events:
            self._ledger.note(event)
        found.learn()

    def _failed(self, error: Exception) -> None:
        self.outcome = failed(self, self._ledger, error, self._sink.config.version)
        self._ledger.note(self.outcome)
