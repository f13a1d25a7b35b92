"""The decorator form of an item: each call of a function is one, from its beginning to the end of its body.

Generators run after they are called, piece by piece. Their item lasts until they are exhausted, fail, or are closed;
while they wait for whoever takes from them, `current_item()` gives him his own item, not theirs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Item(Protocol):
    """What is needed of an item's scope."""

    def __enter__(self) -> Any: ...
    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> None: ...

    def rest(self) -> None:
        """Stop being the current item for a while."""

    def go_on(self) -> None:
        """Be the current item again."""


def decorated(function: Function, new_item: Callable[[], Item]) -> Function:
    """Return a function of the same kind (plain, async, generator, async generator) each call of which is an item."""
    for applies, wrapped in (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.isgeneratorfunction, _generator),
        (inspect.iscoroutinefunction, _async),
    ):
        if applies(function):
            return functools.wraps(function)(wrapped(function, new_item))  # type: ignore[return-value]
    return functools.wraps(function)(_plain(function, new_item))  # type: ignore[return-value]


def _plain(function: Callable[..., Any], new_item: Callable[[], Item]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with new_item():
            return function(*args, **kwargs)

    return wrapped


def _async(function: Callable[..., Any], new_item: Callable[[], Item]) -> Callable[..., Any]:
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        with new_item():
            return await function(*args, **kwargs)

    return wrapped


def _generator(function: Callable[..., Any], new_item: Callable[[], Item]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        item = new_item()
        with item:
            inner = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(next, inner)
            while True:
                try:
                    value = step()
                except StopIteration as end:
                    return end.value
                item.rest()
                try:
                    sent = yield value
                except GeneratorExit:
                    item.go_on()
                    inner.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - it is the generator's own to deal with
                    item.go_on()
                    step = functools.partial(inner.throw, error)
                else:
                    item.go_on()
                    step = functools.partial(inner.send, sent)

    return wrapped


def _async_generator(function: Callable[..., Any], new_item: Callable[[], Item]) -> Callable[..., Any]:
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        item = new_item()
        with item:
            inner = function(*args, **kwargs)
            step: Callable[[], Any] = inner.__anext__
            while True:
                try:
                    value = await step()
                except StopAsyncIteration:
                    return
                item.rest()
                try:
                    sent = yield value
                except GeneratorExit:
                    item.go_on()
                    await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - it is the generator's own to deal with
                    item.go_on()
                    step = functools.partial(inner.athrow, error)
                else:
                    item.go_on()
                    step = functools.partial(inner.asend, sent)

    return wrapped
