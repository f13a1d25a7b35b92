"""Many items: sources expanded, ordered by priority, worked on by several threads, stopped in good order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pipeline.decisions.routing import PRIORITIES, Routing
from pipeline.errors import StageError
from pipeline.events import ItemFailed, StageFault
from pipeline.item import Source
from pipeline.recording.recorder import Recorder
from pipeline.running.engine import Engine
from pipeline.running.outcome import Outcome, describe

Expand = Callable[[str], Iterable[Source]]


def expand_all(uris: Iterable[str], expand: Expand, recorder: Recorder) -> tuple[list[Source], list[Outcome]]:
    """Return the sources that the names stand for, and an outcome for each name that could not be read.

    Such a name is recorded as an item that failed at its download.
    """
    sources: dict[Source, None] = {}  # named twice is meant once
    failures: list[Outcome] = []
    for uri in uris:
        try:
            sources |= dict.fromkeys(expand(uri))
        except StageError as error:
            failures.append(Outcome(uri, failed_stage="download", error=describe(error)))
            failed = ItemFailed("download", error.error_type, config_version=recorder.config.version)
            recorder.record_many((StageFault("download", error.error_type), failed))
    return list(sources), failures


def by_priority(sources: list[Source], routing: Routing, guess: Callable[[Source], str | None]) -> list[Source]:
    """Return the sources, those of types with a higher priority first; equal ones keep their order.

    The type of an item is known only after its assessment; `guess` says what is known of it before.
    """
    ranks = {source: PRIORITIES.index(routing.of(guess(source)).priority) for source in sources}
    return sorted(sources, key=ranks.__getitem__)


def run_all(engine: Engine, sources: list[Source], *, workers: int, stop: threading.Event) -> Iterator[Outcome]:
    """Yield outcomes as items end. When `stop` is set no further item is begun; those under way are finished."""
    waiting = iter(sources)
    with ThreadPoolExecutor(workers, thread_name_prefix="worker") as pool:
        running: set[Future[Outcome]] = set()
        while True:
            while len(running) < workers and not stop.is_set():
                source = next(waiting, None)
                if source is None:
                    break
                running.add(pool.submit(engine.process, source))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
