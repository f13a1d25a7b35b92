"""The timed blocks of an item: one stage, or several that run at the same time."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Protocol

from pipeline.recording.leaving import abandons
from pipeline.recording.ledger import Ledger
from pipeline.recording.remarks import STAGE_LEFT_AGAIN


class Block(Protocol):
    """A block that is timed: `with` or `async with`."""

    def __enter__(self) -> None: ...
    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> None: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, kind: object, error: BaseException | None, trace: object, /) -> None: ...


UNTIMED: Block = nullcontext()


class Stage:
    """One stage of an item: its time, or its fault, goes into the ledger. Each time that it is entered counts."""

    def __init__(self, ledger: Ledger, name: str, step: str) -> None:
        self._ledger, self._name, self._step = ledger, name, step
        self._started: list[float] = []

    def __enter__(self) -> None:
        self._started.append(self._ledger.clock())

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._started:
            self._ledger.remarks.make(STAGE_LEFT_AGAIN, self._name)
            return
        seconds = self._ledger.clock() - self._started.pop()
        if error is None:
            self._ledger.finished(self._name, self._step, seconds)
        elif not abandons(error):
            self._ledger.failed(self._name, error)
        else:
            self._ledger.left(self._name)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.__exit__(kind, error, trace)


class Group:
    """Stages that run at the same time: together they take the wall time of one step."""

    def __init__(self, ledger: Ledger, step: str) -> None:
        self._ledger, self._step = ledger, step
        self._started: float | None = None

    def __enter__(self) -> None:
        self._started = self._ledger.clock()
        self._ledger.group_began(self._step)

    def __exit__(self, *_: object) -> None:
        if self._started is None:
            self._ledger.remarks.make(STAGE_LEFT_AGAIN, self._step)
            return
        self._ledger.group_ended(self._step, self._ledger.clock() - self._started)
        self._started = None

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()
