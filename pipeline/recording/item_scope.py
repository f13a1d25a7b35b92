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
from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from pipeline.decisions.early_exit import CheckpointVerdict, evaluate
from pipeline.decisions.quality import QualityVerdict, judge
from pipeline.decisions.routing import RouteVerdict, route
from pipeline.decisions.shadow import Skip, chosen
from pipeline.errors import error_type_of
from pipeline.events import (
    BypassReason,
    CallsSaved,
    CheckpointEvaluated,
    Event,
    ItemFailed,
    ItemFinished,
    ProcessingType,
    QualityAssessed,
    SkipDecision,
    StageFault,
    StageSkipped,
)
from pipeline.item import Fact, Scores
from pipeline.recording.savings import SPOKEN_WORDS_PER_SECOND, YIELD, Estimate
from pipeline.recording.timing import UNTIMED, Block, Group, Stage

if TYPE_CHECKING:
    from pipeline.recording.recorder import Recorder
    from pipeline.recording.shadow import Shadow

Function = TypeVar("Function", bound=Callable[..., Any])
_MAX_SHARE = 0.999999  # a share saved is below 1: something was spent
_SKIPS: dict[BypassReason | None, SkipDecision] = {"low_quality": "quality_filter", "content_type": "content_type"}
_current: ContextVar[ItemScope | None] = ContextVar("pipemeter_item", default=None)


def current_item() -> ItemScope:
    """Return the innermost item being followed here. Raises LookupError outside of one."""
    item = _current.get()
    if item is None:
        raise LookupError("no item is being followed here; use `with recorder.item():` or its decorator form")
    return item


class ItemScope:
    """Follows one item; made by `Recorder.item`. Use as `with`, `async with` or decorator, once per item.

    `content_type` may be set at any time. `outcome` is the final event once the block has ended.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        content_type: str | None = None,
        item_id: str | None = None,
        length_seconds: float | None = None,
        measure: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._recorder = recorder
        self._settings = {"content_type": content_type, "item_id": item_id, "length_seconds": length_seconds}
        self._measure = recorder.enabled if measure is None else measure
        self._clock = clock
        self.content_type = content_type
        self.item_id = item_id
        self.length_seconds = length_seconds
        self.full_steps: Iterable[str] | None = None  # what full processing would take; None: what was learned
        self.facts: dict[str, Fact] = {}
        self.scores: Scores | None = None
        self.steps: dict[str, float] = {}  # seconds of each step taken so far
        self.taken: list[tuple[str, str, float]] = []  # step, stage, seconds of each stage taken so far
        self.findings: float | None = None  # see `yielded`
        self.outcome: ItemFinished | ItemFailed | None = None
        self.estimate: Estimate | None = None
        self._events: list[Event] = []
        self._group: str | None = None
        self._failed_stage: str | None = None
        self._exit: CheckpointVerdict | None = None
        self._bypass: BypassReason | None = None
        self._processing_type: ProcessingType | None = None
        self._calls_saved: tuple[int, float] | None = None
        self._token: Token[ItemScope | None] | None = None
        self._started = 0.0
        self._missing: frozenset[str] = frozenset()
        self._instead = 0.0
        self._saved: float | None = None
        self._discarded = False

    # --- the caller's stages

    def stage(self, name: str, *, step: str | None = None) -> Block:
        """Time one stage (`with` or `async with`). An exception in it makes the item fail there.

        `step` is the name under which its cost is learned where that differs (reading captions and recognising speech
        are the same stage, but not the same cost).
        """
        return Stage(self, name, step or name) if self._measure else UNTIMED

    def parallel(self, step: str) -> Block:
        """Hold stages that run at the same time: their cost is learned as one step's wall time."""
        return Group(self, step) if self._measure else UNTIMED

    def fault(self, stage: str, error_type: str) -> None:
        """Record a fault that a stage survived."""
        self._note(StageFault(stage, error_type))

    # --- decisions

    def checkpoint(self, name: str, **facts: float | int | str | bool | Fact) -> CheckpointVerdict:
        """Ask a checkpoint whether to leave, given these facts and those known before.

        A plain value counts as fully reliable; give a `Fact` to say less. Leave the block when `.exit` is true.
        """
        self.facts |= {key: value if isinstance(value, Fact) else Fact(value) for key, value in facts.items()}
        self._exit = None
        config = self._recorder.config
        point = config.checkpoints.get(name)
        if point is None or not (self._measure or config.flags.early_exit):
            return CheckpointVerdict(name, exit=False)
        verdict = evaluate(point, self.facts)
        self._note(CheckpointEvaluated(name, self.content_type, config.version, verdict.confidence))
        if not config.flags.early_exit:
            return msgspec.structs.replace(verdict, exit=False)
        self._exit = verdict if verdict.exit else None
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
        config = self._recorder.config
        verdict = judge(self.scores, config.thresholds)
        self._note(QualityAssessed(verdict.margin, self.content_type, config.version))
        return verdict

    def route(self, content_type: str | None = None) -> RouteVerdict:
        """Decide between the lightweight way (`.bypass`) and going on; after `quality`."""
        self.content_type = content_type or self.content_type
        config, flags = self._recorder.config, self._recorder.config.flags
        quality = judge(self.scores, config.thresholds) if self.scores else QualityVerdict(False, 0.0, ())
        verdict = route(
            self.content_type,
            quality,
            config.routing,
            quality_filtering=flags.quality_filtering,
            content_routing=flags.content_routing,
        )
        self._exit, self._bypass = None, verdict.reason
        return verdict

    def finish(self, processing_type: ProcessingType, *, bypass_reason: BypassReason | None = None) -> None:
        """Say which way the item went, where a pipeline decides for itself instead of asking here."""
        self._processing_type = processing_type
        self._bypass = bypass_reason or self._bypass

    def discard(self) -> None:
        """Forget this item: it turned out to be no new work. Nothing is recorded and nothing is learned."""
        self._discarded = True

    def calls_saved(self, llm_calls: int, cost_usd: float = 0.0) -> None:
        """Say how many model calls, and dollars, the shortcut made unnecessary."""
        self._calls_saved = (llm_calls, cost_usd)

    def yielded(self, findings: float) -> None:
        """Say how much came out of full processing, counted in whatever you count; see `shadow`."""
        self.findings = findings

    def shadow(self) -> Shadow | None:
        """Return the way to process this item in full all the same, once its block has ended.

        None unless a decision skipped the item and the sample (`shadow_rate`) has chosen it: an item without an
        `item_id` is never chosen, and nothing is where nothing is recorded.
        """
        from pipeline.recording.shadow import Shadow  # it needs this module

        if not self._recorder.enabled or not self.item_id:
            return None
        config = self._recorder.config
        skip = self._skip(self.item_id) if chosen(self.item_id, config.shadow_rate, config.shadow_seed) else None
        return Shadow(self._recorder, skip, self._clock) if skip else None

    # --- the block

    def __enter__(self) -> ItemScope:
        self._token = _current.set(self)
        if self._measure:
            self._recorder.item_started()
            self._started = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        if not self._measure:
            return
        spent = self._clock() - self._started
        self._recorder.item_ended()
        if self._discarded:
            return
        if error is None:
            self._finished(spent)
        elif isinstance(error, Exception):
            self._failed(error)
        self._recorder.record_many(self._events)

    async def __aenter__(self) -> ItemScope:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Wrap a function, plain or async, so that each call is an item; inside, `current_item()` gives its scope."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapped_async(*args: Any, **kwargs: Any) -> Any:
                async with self._again():
                    return await function(*args, **kwargs)

            return wrapped_async  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    def _again(self) -> ItemScope:
        return ItemScope(self._recorder, **self._settings, measure=self._measure, clock=self._clock)  # type: ignore[arg-type]

    # --- what it comes to

    def _note(self, event: Event) -> None:
        if self._measure:
            self._events.append(event)

    def _finished(self, spent: float) -> None:
        processing_type = self._processing_type or (
            "early_exit" if self._exit else "lightweight" if self._bypass else "full"
        )
        left, scores, version = self._exit, self.scores, self._recorder.config.version
        self.outcome = ItemFinished(
            processing_type,
            self.content_type,
            scores.overall if scores else None,
            spent,
            left.checkpoint if left else None,
            left.reason if left else None,
            left.confidence if left else None,
            self._saved_share(processing_type, spent),
            scores.coherence if scores else None,
            scores.completeness if scores else None,
            scores.informativeness if scores else None,
            self._bypass if processing_type == "lightweight" else None,
            version,
            self.item_id,
        )
        self._note(self.outcome)
        self._note_skipped(self.outcome)
        if self._calls_saved and processing_type != "full":
            self._note(CallsSaved(processing_type, *self._calls_saved, self.content_type, version))
        full, costs = processing_type == "full", self._recorder.costs
        costs.learn(self.steps, self.content_type, self._length(), full=full)
        costs.learn_stages(self.taken)
        if full and self.findings is not None:
            costs.learn({YIELD: self.findings}, self.content_type, None, full=False)

    def _saved_share(self, processing_type: ProcessingType, spent: float) -> float | None:
        if processing_type == "full":
            return 0.0
        costs = self._recorder.costs
        expected = frozenset(costs.full_steps() if self.full_steps is None else self.full_steps)
        self._missing = expected - set(self.steps)
        self.estimate = costs.estimate(self._missing, self.content_type, self._length()) if expected else None
        if self.estimate is None:
            return None
        self._instead = sum(seconds for step, seconds in self.steps.items() if step not in expected)
        saved = self._saved = max(0.0, self.estimate.seconds - self._instead)
        return min(saved / (saved + spent), _MAX_SHARE) if saved else 0.0

    def _note_skipped(self, left: ItemFinished) -> None:
        """Divide what the record counts as saved among the stages; what was spent instead is taken off all alike."""
        share, spent = left.time_saved_pct, left.processing_time
        if not share or not spent or self.estimate is None:
            return
        part = spent * share / (1 - share) / self.estimate.seconds
        for stage, seconds in self._recorder.costs.by_stage(self.estimate).items():
            if seconds:
                self._note(StageSkipped(stage, seconds * part))

    def _skip(self, item_id: str) -> Skip | None:
        left = self.outcome
        if not isinstance(left, ItemFinished) or left.processing_type == "full":
            return None
        decision = "early_exit" if left.processing_type == "early_exit" else _SKIPS.get(left.bypass_reason)
        if decision is None:  # bypassed for a reason of the caller's own
            return None
        return Skip(
            decision,
            item_id,
            self.content_type,
            self.scores,
            self.findings,
            self._length(),
            self._missing,
            self._instead,
            self._saved,
        )

    def _length(self) -> float | None:
        if self.length_seconds is not None:
            return self.length_seconds
        if duration := self.facts.get("duration_seconds"):
            silence = self.facts.get("silence_ratio")
            return float(duration.value) * (1.0 - float(silence.value) if silence else 1.0)
        if words := self.facts.get("transcript_words"):
            return float(words.value) / SPOKEN_WORDS_PER_SECOND
        return None

    def _failed(self, error: Exception) -> None:
        stage, error_type = self._failed_stage or "(outside)", error_type_of(error)
        if self._failed_stage is None:
            self._note(StageFault(stage, error_type))
        version = self._recorder.config.version
        self.outcome = ItemFailed(stage, error_type, self.content_type, version, self.item_id)
        self._note(self.outcome)
