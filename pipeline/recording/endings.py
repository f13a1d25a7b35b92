"""What is recorded last is delivered when a process ends, in whichever of the ways that leave time for it.

Main programs run what is registered with `atexit`. Children that multiprocessing made leave by `os._exit`, after its
own finalizers; those of Celery without them, after a signal of Celery's. SIGKILL, SIGTERM without a handler and a bare
`os._exit` leave no time: then only what is on disk survives (see `pipeline.recording.ahead`).
"""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
from typing import Any, Protocol
from weakref import WeakSet

from pipeline import forks


class Ending(Protocol):
    """Something that has a last thing to do, at each end of a process that is announced."""

    def at_end(self) -> None:
        """Do it, within seconds."""


_all: WeakSet[Ending] = WeakSet()
_registered: list[bool] = []
_LAST = -100  # priority among multiprocessing's finalizers: after those of others, which may record


def watch(ending: Ending) -> None:
    """Let it have its end, in this process and in children."""
    _all.add(ending)
    attach()


def attach() -> None:
    """Make sure that this process announces its end. To be called when something is recorded for the first time.

    Once would not do: multiprocessing forgets, as a child begins, which finalizers it was given before.
    """
    if not _registered:
        _registered.append(True)
        atexit.register(end_all)  # children inherit it
    for name in ("multiprocessing.util", "billiard.util"):
        if util := sys.modules.get(name):
            util.Finalize(None, end_all, exitpriority=_LAST)
    if signals := sys.modules.get("celery.signals"):
        signals.worker_process_shutdown.connect(_celery_ends, weak=False, dispatch_uid="pipemeter")


def is_child() -> bool:
    """Whether this process was made by multiprocessing, or by billiard, which Celery uses.

    Its parent may end it at any time, and many do: `with Pool()` sends SIGTERM as soon as the last result is there.
    """
    for name in ("multiprocessing.process", "billiard.process"):
        if process := sys.modules.get(name):
            current = process.current_process()
            # `_inheriting`: it is still importing the parent's program; `_parent_pid`: None in a main program
            if getattr(current, "_inheriting", False) or getattr(current, "_parent_pid", None) is not None:
                return True
    return False


def has_children() -> bool:
    """Whether this process may have had children that recorded something."""
    return forks.happened() or any(name in sys.modules for name in ("multiprocessing.process", "billiard.process"))


def end_all() -> None:
    """Let everything end, side by side: each may take seconds."""
    threads = []
    for ending in list(_all):
        thread = threading.Thread(target=_end, args=(ending,), daemon=True)
        try:
            thread.start()
            threads.append(thread)
        except RuntimeError:  # too late for threads: the interpreter is shutting down
            _end(ending)
    for thread in threads:
        thread.join()


def _end(ending: Ending) -> None:
    with contextlib.suppress(Exception):  # the process ends; there is nobody to tell
        ending.at_end()


def _celery_ends(**_: Any) -> None:
    end_all()
