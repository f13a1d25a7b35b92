"""Which of the exceptions that are no `Exception` mean that somebody wanted work to end."""

from __future__ import annotations

_STOPS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_SCHEDULERS = frozenset(
    {"asyncio", "curio", "eventlet", "gevent", "greenlet", "trio"}
)  # what cancels by such exceptions


def abandons(error: BaseException) -> bool:
    """Whether work was cancelled or interrupted; else it has failed, also by a BaseException of somebody's own."""
    if isinstance(error, BaseExceptionGroup):
        return not isinstance(error, Exception) and any(abandons(each) for each in error.exceptions)
    if isinstance(error, Exception):
        return False
    return isinstance(error, _STOPS) or any(
        kind.__module__.partition(".")[0] in _SCHEDULERS for kind in type(error).__mro__
    )
