"""The timed blocks of an item: one stage, or several that run at the same time."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Protocol

from pipeline.recording.ledger import Ledger


class Block(Protocol):
    """A block that is timed: `with` or `async with`."""

    def __enter__(self) -> None: ...
    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> None: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, kind: object, error: BaseException | None, trace: object, /) -> None: ...


UNTIMED: Block = nullcontext()


class Stage:
    """One stage of an item: its time, or its fault, goes into the ledger."""

    def __init__(self, ledger: Ledger, name: str, step: str) -> None:
        self._ledger, self._name, self._step = ledger, name, step

    def __enter__(self) -> None:
        self._started = self._ledger.clock()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._ledger.finished(self._name, self._step, self._ledger.clock() - self._started)
        elif isinstance(error, Exception):
            self._ledger.failed(self._name, error)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.__exit__(kind, error, trace)


class Group:
    """Stages that run at the same time: together they take the wall time of one step."""

    def __init__(self, ledger: Ledger, step: str) -> None:
        self._ledger, self._step = ledger, step

    def __enter__(self) -> None:
        self._started = self._ledger.clock()
        self._ledger.group_began(self._step)

    def __exit__(self, *_: object) -> None:
        self._ledger.group_ended(self._step, self._ledger.clock() - self._started)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()
