"""Several worker processes would each count for themselves, and every scrape would see another one: refused."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Mapping, Sequence

_STARTUP_FAILURE = 3  # an exit code after which uvicorn does not start the worker again
REASON = (
    "the exporter runs in one process, because one process owns the counters: with several, each scrape would reach "
    "another one and rates would break. One is fast enough (over 10,000 records a second); beyond that run more "
    "exporters, each with a port and a journal of its own, and let Prometheus scrape them. Start it with --workers 1"
)


def workers_asked(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return how many workers the command line or `WEB_CONCURRENCY` asks for."""
    for position, argument in enumerate(argv):
        name, separator, value = argument.partition("=")
        if name in ("--workers", "-w"):
            following = argv[position + 1] if position + 1 < len(argv) else ""
            return _number(value if separator else following)
    return _number(environ.get("WEB_CONCURRENCY", "1"))


def refuse_several(environ: Mapping[str, str], argv: Sequence[str] | None = None) -> None:
    """End this process if it is one of several workers, in the way that makes uvicorn give up for good."""
    one_of_several = workers_asked(sys.argv if argv is None else argv, environ) > 1
    if multiprocessing.parent_process() is not None and one_of_several:
        print(f"pipemeter: {REASON}", file=sys.stderr, flush=True)
        raise SystemExit(_STARTUP_FAILURE)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 1
