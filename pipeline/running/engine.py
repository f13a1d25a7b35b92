"""The way of an item: download, transcription, assessment, routing, analysis, memory, with the shortcuts between.

The engine holds no knowledge of how a stage works and makes no decision of its own: stages come in as a `Toolbox`,
decisions are the item scope's. It carries values from one to the next.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import structlog

from pipeline.errors import LASTING, StageError, error_type_of
from pipeline.events import ItemFailed, ItemFinished
from pipeline.item import Analysis, Assessment, Fallacies, Fetched, Perspectives, Source, Transcript
from pipeline.recording.item_scope import ItemScope
from pipeline.recording.recorder import Recorder
from pipeline.recording.savings import YIELD, Prior
from pipeline.running.gather import after_analysis, after_assessment, after_download, after_transcription
from pipeline.running.outcome import Outcome, of_failed, of_finished, told
from pipeline.running.toolbox import Toolbox, Work

_log = structlog.get_logger("pipeline.engine")

# Until a step was observed, seconds on two cores of a usual server: fixed, per second of content (see bench.savings).
# The usual yield is the mean number of claims and perspectives in the samples that go through (8.8).
PRIORS = {
    "download": Prior(0.02, 0.0),
    "transcription:speech": Prior(0.05, 0.027, ("transcription",)),
    "transcription:text": Prior(0.001, 0.0, ("transcription",)),
    "assessment": Prior(0.01, 0.00005),
    "analyze": Prior(0.03, 0.0003, ("analysis", "perspective", "fallacy")),
    "remember": Prior(0.02, 0.0, ("memory", "graph")),
    YIELD: Prior(9.0, 0.0),
}


class Engine:
    """Processes items one at a time per calling thread; use several threads for several items."""

    def __init__(
        self,
        recorder: Recorder,
        toolbox: Toolbox,
        *,
        again: bool = False,
        clock: Callable[[], float] = time.perf_counter,
        parallel: int = 6,
    ) -> None:
        self._recorder = recorder
        self._toolbox = toolbox
        self._again = again
        self._clock = clock
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="stage")
        self._config_hash = recorder.config.hash()

    def close(self) -> None:
        """Let go of the threads and keep what was learned about costs. Raises StageError("storage")."""
        self._pool.shutdown()
        self._recorder.costs.save()

    def process(self, source: Source) -> Outcome:
        """Take one item through the pipeline. Never raises for what is wrong with the item: the outcome says it."""
        work, scope = Work(source), ItemScope(self._recorder, measure=True, clock=self._clock)
        failure_key = _failure_key(source)
        known = self._known(failure_key, source)
        if known:
            return known
        with ExitStack() as folders:  # what was downloaded is still there for the shadow work
            try:
                with scope:
                    folder = tempfile.TemporaryDirectory(prefix="pipemeter-", ignore_cleanup_errors=True)
                    known = self._through(scope, work, Path(folders.enter_context(folder)))
                if known:
                    return known
            except Exception as error:  # noqa: BLE001 - the stage's edge: a failed item never stops the rest
                return self._failed(scope, source, failure_key, error)
            assert isinstance(scope.outcome, ItemFinished)
            _log.info("item finished", **told(scope.outcome))
            outcome = of_finished(source.uri, scope.outcome)
            assert work.fetched is not None
            self._store(work.fetched.content_hash, outcome)
            if shadow := scope.shadow():
                with shadow as again:
                    self._rest(again, work, work.fetched)
            return outcome

    # --- the way

    def _through(self, item: ItemScope, work: Work, folder: Path) -> Outcome | None:
        with item.stage("download"):
            work.fetched = self._toolbox.fetch(work.source, folder)
        item.item_id = work.fetched.content_hash
        if known := self._known(work.fetched.content_hash, work.source):
            item.discard()
            return known
        if not self._onward(item, work, work.fetched):
            self._note_calls_saved(item)
        return None

    def _onward(self, item: ItemScope, work: Work, fetched: Fetched) -> bool:
        """Go on after the download; return whether the item came as far as the analysis."""
        tools, step = self._toolbox, transcription_step(fetched)
        item.full_steps = full_steps(step)
        if item.checkpoint("post_download", **after_download(fetched)).exit:
            return False
        with item.stage("transcription", step=step):
            work.transcript = transcript = tools.transcribe(fetched)
        if item.checkpoint("post_transcription", **after_transcription(fetched, transcript)).exit:
            return False
        with item.stage("assessment"):
            work.assessment = found = tools.assess(transcript, fetched.title)
        item.facts |= after_assessment(found)
        scores = msgspec.structs.astuple(found.scores)
        item.quality(*scores, content_type=found.content_type, reliability=found.reliability)
        if item.route().bypass:
            self._lightly(item, work, transcript)
            return False
        if item.checkpoint("post_quality_filtering").exit:
            return False
        self._in_full(item, work, transcript, found)
        return True

    def _lightly(self, item: ItemScope, work: Work, transcript: Transcript) -> None:
        with item.stage("summary"):
            summary = self._toolbox.summarize(transcript)
        with item.stage("memory", step="lightweight memory"):
            self._toolbox.remember(work, summary)

    def _in_full(self, item: ItemScope, work: Work, transcript: Transcript, found: Assessment) -> None:
        tools = self._toolbox
        analysis, perspectives, fallacies = self._analyze(item, work, tools, transcript, found)
        self._learn_cost(item, work)
        facts = after_analysis(analysis, perspectives, fallacies)
        if item.checkpoint("post_analysis", **facts).exit:
            return  # the model calls are spent: only memory and publishing are saved
        with item.parallel("remember"):
            started = [
                self._start(item, "memory", tools.remember, work, analysis.summary),
                self._start(item, "graph", self._survivable(item, "graph", tools.connect), work),
            ]
            if tools.publishes:
                started.append(self._start(item, "publish", self._survivable(item, "publish", tools.publish), work))
            _all_of(*started)

    def _analyze(
        self, item: ItemScope, work: Work, tools: Toolbox, transcript: Transcript, found: Assessment
    ) -> tuple[Analysis, Perspectives, Fallacies]:
        with item.parallel("analyze"):
            analysis = self._start(item, "analysis", tools.analysis, transcript, found)
            perspectives = self._start(item, "perspective", tools.perspective, transcript, found)
            fallacies = self._start(item, "fallacy", tools.fallacy, transcript, found)
            results: tuple[Analysis, Perspectives, Fallacies] = _all_of(analysis, perspectives, fallacies)
        work.analysis, work.perspectives, work.fallacies = results
        item.yielded(len(work.analysis.claims) + len(work.perspectives.perspectives))
        return results

    def _rest(self, item: ItemScope, work: Work, fetched: Fetched) -> None:
        """Process a skipped item from where it left to the end of the analysis; nothing is remembered or posted."""
        tools = self._toolbox.without_effects()
        if work.transcript is None:
            with item.stage("transcription", step=transcription_step(fetched)):
                work.transcript = tools.transcribe(fetched)
        if work.assessment is None:
            with item.stage("assessment"):
                work.assessment = found = tools.assess(work.transcript, fetched.title)
            item.quality(*msgspec.structs.astuple(found.scores), content_type=found.content_type)
        if work.analysis is None:
            self._analyze(item, work, tools, work.transcript, work.assessment)

    def _start(self, item: ItemScope, stage: str, function: Callable[..., Any], *args: Any) -> Future[Any]:
        def timed() -> Any:
            with item.stage(stage):
                return function(*args)

        return self._pool.submit(timed)

    def _survivable(self, item: ItemScope, stage: str, function: Callable[[Work], None]) -> Callable[[Work], None]:
        """Wrap a stage that nobody needs for the result: its faults are recorded, and the item goes on."""

        def attempt(work: Work) -> None:
            try:
                function(work)
            except StageError as error:
                item.fault(stage, error.error_type)
                _log.warning("stage failed, item goes on", stage=stage, source=work.source.uri, error=str(error))

        return attempt

    # --- model calls saved

    def _note_calls_saved(self, item: ItemScope) -> None:
        calls = self._toolbox.llm_calls_per_item
        if calls:
            cost = self._recorder.costs.estimate(["(usd)"], item.content_type, None)
            item.calls_saved(calls, cost.seconds if cost else 0.0)

    def _learn_cost(self, item: ItemScope, work: Work) -> None:
        results = (work.analysis, work.perspectives, work.fallacies)
        spent = sum(result.cost_usd for result in results if result)
        if any(result.llm_calls for result in results if result):
            self._recorder.costs.learn({"(usd)": spent}, item.content_type, None, full=False)

    # --- memory of outcomes

    def _known(self, key: str | None, source: Source) -> Outcome | None:
        if self._again or key is None:
            return None
        stored = self._toolbox.known(key, self._config_hash)
        if stored is None:
            return None
        return msgspec.structs.replace(msgspec.json.decode(stored, type=Outcome), source=source.uri, known=True)

    def _store(self, key: str, outcome: Outcome) -> None:
        try:
            self._toolbox.store_outcome(key, self._config_hash, outcome.source, msgspec.json.encode(outcome))
        except StageError as error:
            _log.warning("outcome not remembered", source=outcome.source, error=str(error))

    def _failed(self, scope: ItemScope, source: Source, key: str | None, error: Exception) -> Outcome:
        assert isinstance(scope.outcome, ItemFailed)
        if error_type_of(error) == "internal":
            _log.error("unexpected error", source=source.uri, exc_info=error)
        outcome = of_failed(source.uri, scope.outcome, error)
        if key and error_type_of(error) in LASTING:
            self._store(key, outcome)
        return outcome


def transcription_step(fetched: Fetched) -> str:
    """Return the cost class of an item's transcription: recognising speech is not reading captions."""
    speech = fetched.media_kind in ("audio", "video") and fetched.captions_path is None
    return "transcription:speech" if speech else "transcription:text"


def full_steps(transcription: str) -> frozenset[str]:
    """Return the steps of full processing."""
    return frozenset({"download", transcription, "assessment", "analyze", "remember"})


def _all_of(*futures: Future[Any]) -> tuple[Any, ...]:
    """Wait for all, then return their results or raise the first error: nothing may go on behind the scope's back."""
    errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
    return tuple(future.result() for future in futures)


def _failure_key(source: Source) -> str | None:
    """Return under which key a lasting failure of a local file is remembered; its content hash is not known then."""
    path = Path(source.uri)
    if source.kind == "inline" or "://" in source.uri or not path.is_file():
        return None
    with path.open("rb") as file:
        return f"failed:{path.name}:{hashlib.file_digest(file, 'sha256').hexdigest()}"
