"""What has to happen around `os.fork`, so that neither parent nor child notices it.

A child has one thread: the one that forked. Locks that other threads held stay locked in it, modules that they were
importing stay half a module, and what they were sending is sent by the parent. So threads of ours stop before a fork
and go on after it, and whatever must not be cut in two is done `undisturbed`.

What comes before a fork is called in reverse order of its registration. Whoever takes a lock there, as `logging` and
`concurrent.futures.thread` do, has to be called after us: else a thread of ours that wants this lock never stops, and
one that first loads such a module in the middle of a fork lets it give back a lock that it never took. So both are
loaded here, before we register.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - see above
import contextlib
import logging  # noqa: F401 - see above
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol
from weakref import WeakSet

LONGEST_WAIT = 10.0  # s that a fork waits for what must not be disturbed; loading a library on a busy machine takes one
LONGEST_STOP = 0.5  # s that a fork waits for threads to stop; a request that takes longer goes on beside it
_GLANCE = 0.01  # s between looks at whether waiting still makes sense
_MOMENT = 0.0005  # s between looks at whether a thread is gone


class Forked(Protocol):
    """Something that forks concern."""

    def before_fork(self) -> None:
        """Begin to stop threads of its own."""

    def stopped(self, seconds: float) -> None:
        """Wait until they have stopped, at most so long."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew: nothing of what the parent had is this process's."""


_watched: WeakSet[Forked] = WeakSet()
_locks: WeakSet[Lock] = WeakSet()
_watching = threading.RLock()  # held while the sets above change, and while a fork goes on
_quiet = threading.RLock()  # held while something must not be disturbed
_held = [False, False]  # whether the fork that goes on holds the two
_stopped: list[Forked] = []  # whom it has stopped
_count = [0]  # of forks


def watch(concerned: Forked) -> None:
    """Tell it of every fork from now on, as long as it lives."""
    with _watching:
        _watched.add(concerned)


class Lock:
    """A lock that is free in every forked child, whoever held it in the parent."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        with _watching:
            _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):  # forked within the block: another lock
            self._lock.release()

    def renew(self) -> None:
        """Be free, in a child."""
        self._lock = threading.RLock()


@contextlib.contextmanager
def undisturbed(unless: Callable[[], bool] | None = None) -> Iterator[bool]:
    """Let no fork happen within the block, such as the import of a library or a line of log.

    Gives False, and holds nothing off, when `unless` said so while a fork was going on.
    """
    while not _quiet.acquire(timeout=_GLANCE):
        if unless is not None and unless():
            yield False
            return
    lock = _quiet
    try:
        yield True
    finally:
        with contextlib.suppress(RuntimeError):  # this is a child that was forked within the block: another lock
            lock.release()


def ended(thread: threading.Thread, seconds: float) -> bool:
    """Wait until a thread has ended, at most so long; for the system's thread too, not only for Python's part of it.

    A thread that ends lets OpenSSL clean up after it, under a lock that would stay locked in a child.
    """
    until = time.monotonic() + seconds
    thread.join(seconds)
    place = f"/proc/self/task/{thread.native_id}"
    while (there := thread.is_alive() or os.path.exists(place)) and time.monotonic() < until:
        time.sleep(_MOMENT)
    return not there


def forget_half_modules() -> None:
    """Let modules be loaded anew, in a child, that threads of the parent were loading: here nobody ever would go on.

    What the thread that forked is itself in the middle of loading stays.
    """
    own = set()
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            own.add(frame.f_globals.get("__name__"))
        frame = frame.f_back  # type: ignore[assignment]  # None at the end
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False) and name not in own:
            del sys.modules[name]
            locks.pop(name, None)


def happened() -> bool:
    """Whether this process has forked, or comes from one."""
    return bool(_count[0])


def _before() -> None:
    _count[0] += 1
    _held[0] = _watching.acquire(timeout=LONGEST_WAIT)
    _stopped[:] = list(_watched)
    for each in _stopped:
        _quietly(each.before_fork)
    _held[1] = _quiet.acquire(timeout=LONGEST_WAIT)
    until = time.monotonic() + LONGEST_STOP
    for each in _stopped:
        _quietly(each.stopped, max(0.0, until - time.monotonic()))


def _after_in_parent() -> None:
    stopped, held = _stopped[:], _held[:]
    _stopped.clear()
    if held[1]:
        _quiet.release()
    if held[0]:
        _watching.release()
    for each in stopped:
        _quietly(each.after_fork_in_parent)


def _after_in_child() -> None:
    global _watching, _quiet
    _watching, _quiet = threading.RLock(), threading.RLock()
    if not _held[1]:
        _quietly(forget_half_modules)
    stopped = _stopped[:]
    _stopped.clear()
    for lock in list(_locks):
        lock.renew()
    for each in stopped:
        _quietly(each.after_fork_in_child)


def _quietly(action: Callable[..., None], *given: float) -> None:
    """Do it; what goes wrong is nothing that the program which forks can do anything about."""
    with contextlib.suppress(Exception):
        action(*given)


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
