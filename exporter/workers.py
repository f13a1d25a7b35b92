"""Several worker processes would each count for themselves, and every scrape would see another one: refused."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from pipeline.errors import PipemeterError

REASON = (
    "the exporter runs in one process, because one process owns the counters: with several, each scrape would reach "
    "another one and rates would break. One is fast enough (over 10,000 records a second); beyond that run more "
    "exporters, each with a port and a journal of its own, and let Prometheus scrape them. Start it with --workers 1"
)


class WorkersError(PipemeterError):
    """More than one worker process was asked for."""


def workers_asked(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return how many workers the command line or `WEB_CONCURRENCY` asks for."""
    for position, argument in enumerate(argv):
        name, separator, value = argument.partition("=")
        if name in ("--workers", "-w"):
            following = argv[position + 1] if position + 1 < len(argv) else ""
            return _number(value if separator else following)
    return _number(environ.get("WEB_CONCURRENCY", "1"))


def refuse_several(environ: Mapping[str, str], argv: Sequence[str] | None = None) -> None:
    """Raise WorkersError inside one of several workers; end their supervisor too, which would start them for ever."""
    if multiprocessing.parent_process() is None:
        return
    if workers_asked(sys.argv if argv is None else argv, environ) > 1:
        print(f"pipemeter: {REASON}", file=sys.stderr, flush=True)
        os.kill(os.getppid(), signal.SIGTERM)
        raise WorkersError(REASON)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 1
