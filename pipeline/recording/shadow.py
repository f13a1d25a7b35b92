"""One item of the shadow sample: processed in full although a decision had skipped it, and judged (docs/shadow.md).

    with recorder.item(item_id=key) as item:
        ...                               # a decision skips it
    if shadow := item.shadow():
        with shadow as again:             # an item scope that counts nothing and never leaves
            with again.stage("analysis"):
                ...
            again.yielded(len(findings))

What the item was counted as, and what its user got, is final before this begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from pipeline.configuration.flags import Flags
from pipeline.decisions.shadow import FullResult, Skip, judge_skip
from pipeline.domains.event import DomainEvent
from pipeline.errors import LASTING, error_type_of
from pipeline.events import ShadowJudged, SkipVerdict
from pipeline.logger import Logger
from pipeline.recording.item_scope import Again, ItemScope, Sink
from pipeline.recording.savings import YIELD, CostModel

if TYPE_CHECKING:
    from pipeline.configuration.config import Config

_log = Logger("pipeline.shadow")


class _Nowhere:
    """The sink of a shadow item's scope: it takes every decision as its configuration says, and keeps nothing."""

    enabled = False

    def __init__(self, config: Config) -> None:
        self.config = config
        self.costs = CostModel()

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Forget the events."""

    def item_started(self) -> None:
        """Note nothing: the item has been in progress once."""

    def item_ended(self) -> None:
        """Note nothing, as above."""

    def shadow(self, skip: Skip, clock: Callable[[], float]) -> Again:
        """Refuse: a scope asks this only where it records."""
        raise NotImplementedError


class Shadow:
    """The full processing of one skipped item; made by `ItemScope.shadow`. Use as `with` or `async with`, once.

    The block may go on where the item left, or begin anew: of the steps that it takes, those count that the item had
    not taken. An exception ends the block and is logged, not raised: the item has had its outcome.
    """

    def __init__(self, sink: Sink, skip: Skip, clock: Callable[[], float]) -> None:
        self._sink, self._skip = sink, skip
        self._again = ItemScope(
            _Nowhere(msgspec.structs.replace(sink.config, flags=Flags())),  # no shortcut is taken
            content_type=skip.content_type,
            item_id=skip.item_id,
            length_seconds=skip.length_seconds,
            measure=True,
            clock=clock,
        )
        self._again.scores, self._again.findings = skip.scores, skip.findings

    def __enter__(self) -> ItemScope:
        return self._again.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._again.__exit__(kind, error, trace)
        if error is None:
            self._record(self._verdict(), *self._savings())
        elif isinstance(error, Exception):
            self._failed(error)
        return isinstance(error, Exception)

    async def __aenter__(self) -> ItemScope:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return self.__exit__(kind, error, trace)

    def _verdict(self) -> SkipVerdict | None:
        found = self._again
        usual = self._sink.costs.estimate([YIELD], found.content_type, None)
        result = FullResult(found.scores, found.findings, usual.seconds if usual else None)
        return judge_skip(self._skip, result, self._sink.config.thresholds)

    def _savings(self) -> tuple[float | None, float | None]:
        """Return the seconds saved as estimated and in truth; nothing when no step was estimated or measured."""
        skip, taken = self._skip, self._again.steps
        measured = skip.missing & taken.keys()
        unmeasured = self._sink.costs.estimate(skip.missing - measured, skip.content_type, skip.length_seconds)
        if skip.saved is None or unmeasured is None or not measured:
            return None, None
        true = sum(taken[step] for step in measured) + unmeasured.seconds - skip.instead
        return skip.saved, max(0.0, true)

    def _failed(self, error: Exception) -> None:
        """Judge an item that cannot be processed in full; only what lies in its content says something about it."""
        error_type = error_type_of(error)
        if error_type in LASTING:
            self._record("right")
            return
        internal = error if error_type == "internal" else None
        _log.warning(
            "shadow item not judged",
            item_id=self._skip.item_id,
            error_type=error_type,
            error=str(error),
            exc_info=internal,
        )

    def _record(self, verdict: SkipVerdict | None, estimated: float | None = None, true: float | None = None) -> None:
        skip, found, version = self._skip, self._again, self._sink.config.version
        if verdict is None:
            _log.info("shadow item not judged: too little is known", item_id=skip.item_id)
            return
        _log.info("shadow item judged", item_id=skip.item_id, decision=skip.decision, verdict=verdict)
        judged = ShadowJudged(skip.decision, verdict, found.content_type, version, estimated, true, skip.item_id)
        self._sink.record_many((judged,))
