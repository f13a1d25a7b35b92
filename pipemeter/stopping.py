"""Stopping in good order: the first Ctrl-C or SIGTERM asks, a second one insists."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click


class Stop:
    """Set when somebody wants the command to end. `code` is then the exit code that shells expect."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.code = 0

    def wait(self) -> None:
        """Wait until somebody wants the command to end."""
        while not self.event.wait(3600):  # a wait without a limit cannot be interrupted on every platform
            pass


@contextmanager
def stopping(note: str) -> Iterator[Stop]:
    """Catch SIGINT and SIGTERM inside the block; `note` is printed at the first one, a second one raises."""
    stop = Stop()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.event.is_set():
            raise KeyboardInterrupt
        stop.code = 128 + number
        stop.event.set()
        if note:
            click.echo(f"\npipemeter: {note}", err=True)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
