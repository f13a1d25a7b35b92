"""The timed blocks of an item scope: one stage, or several that run at the same time."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import error_type_of
from pipeline.events import StageFault, StageFinished

if TYPE_CHECKING:
    from pipeline.recording.item_scope import ItemScope


class Block(Protocol):
    """A block that is timed: `with` or `async with`."""

    def __enter__(self) -> None: ...
    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> None: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, kind: object, error: BaseException | None, trace: object, /) -> None: ...


UNTIMED: Block = nullcontext()


class Stage:
    """One stage of an item: its time, or its fault, is noted in the scope."""

    def __init__(self, scope: ItemScope, name: str, step: str) -> None:
        self._scope, self._name, self._step = scope, name, step

    def __enter__(self) -> None:
        self._started = self._scope._clock()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        scope, spent = self._scope, self._scope._clock() - self._started
        if error is None:
            scope._note(StageFinished(self._name, spent))
            scope.taken.append((scope._group or self._step, self._name, spent))
            if scope._group is None:
                scope.steps[self._step] = scope.steps.get(self._step, 0.0) + spent
        elif isinstance(error, Exception):
            scope._failed_stage = scope._failed_stage or self._name
            scope._note(StageFault(self._name, error_type_of(error)))

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.__exit__(kind, error, trace)


class Group:
    """Stages that run at the same time: together they take the wall time of one step."""

    def __init__(self, scope: ItemScope, step: str) -> None:
        self._scope, self._step = scope, step

    def __enter__(self) -> None:
        self._started = self._scope._clock()
        self._scope._group = self._step

    def __exit__(self, *_: object) -> None:
        self._scope._group = None
        self._scope.steps[self._step] = self._scope._clock() - self._started

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()
