"""The stages of this package put together: one object that the engine can work with."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx

from pipeline.configuration.config import Config
from pipeline.errors import ErrorType
from pipeline.events import StageFault
from pipeline.item import Analysis, Assessment, Fallacies, Fetched, Perspectives, Source, Transcript
from pipeline.llm.client import LlmClient
from pipeline.recording.recorder import NullRecorder, Recorder
from pipeline.running.toolbox import Work
from pipeline.stages import download
from pipeline.stages.analyze import Analyst, summarize
from pipeline.stages.assess import Assessor
from pipeline.stages.publish import DiscordPublisher
from pipeline.stages.remember import Memory, RememberedItem, memory_path, open_qdrant
from pipeline.stages.transcribe import Transcriber

_GUESS = 0.4  # confidence from which a guess at the type is better than none
_CALLS = 3  # analysis, perspective and fallacy: one model call each


class LocalToolbox:
    """Everything runs in this process; an endpoint, Qdrant and Discord are used where they are configured.

    With `memory=False` nothing is read from or written to the state folder (for `explain`). Faults of the language
    model that the heuristics make good go to `recorder`. Close it, or use `with`.
    """

    def __init__(
        self,
        config: Config,
        recorder: Recorder | None = None,
        *,
        memory: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._config, self._now = config, now
        self._recorder = recorder or NullRecorder(config)
        self._closing = ExitStack()
        self._http: httpx.Client = self._closing.enter_context(download.make_client(config.download))
        self._transcriber = Transcriber(config.transcription)
        self._assessor = Assessor(config.custom_types())
        self._llm = self._closing.enter_context(LlmClient(config.llm)) if config.llm.base_url else None
        self._analyst = Analyst(self._assessor.embed, self._llm, on_fault=self._on_fault)
        self._memory = self._closing.enter_context(open_memory(config)) if memory else None
        wanted = config.publish.discord and config.publish.discord_webhook_url
        self._publisher = self._closing.enter_context(DiscordPublisher(config.publish)) if wanted else None
        self.publishes = self._publisher is not None
        self.llm_calls_per_item = _CALLS if self._llm else 0

    def __enter__(self) -> LocalToolbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and files."""
        self._closing.close()

    def expand(self, uri: str) -> Iterator[Source]:
        """Yield the sources that a name stands for: a file, the files of a folder, the entries of a feed, a URL."""
        return download.expand(uri, self._config.download, self._http)

    def guess_type(self, source: Source) -> str | None:
        """Return a first guess at the content type from the title or the path, without reading the content."""
        words = source.title or " ".join(Path(source.uri).parts[-2:]).replace("-", " ").replace("_", " ")
        if source.text is None and not words.strip():
            return None
        found = self._assessor.assess(Transcript(source.text or words, "text", 1.0))
        return found.content_type if found.content_type_confidence >= _GUESS else None

    def fetch(self, source: Source, workdir: Path) -> Fetched:
        """Bring the content to this machine and probe it."""
        return download.fetch(source, workdir, self._config.download, self._http)

    def transcribe(self, fetched: Fetched) -> Transcript:
        """Turn it into words."""
        return self._transcriber.transcribe(fetched)

    def assess(self, transcript: Transcript, title: str | None) -> Assessment:
        """Score its quality and find its content type."""
        return self._assessor.assess(transcript, title=title)

    def summarize(self, transcript: Transcript) -> str:
        """Make the basic summary of the lightweight way."""
        return summarize(transcript.text, self._assessor.embed)

    def analysis(self, transcript: Transcript, assessment: Assessment) -> Analysis:
        """Summarise, find keywords and claims."""
        return self._analyst.analysis(transcript, assessment)

    def perspective(self, transcript: Transcript, assessment: Assessment) -> Perspectives:
        """Find points of view."""
        return self._analyst.perspective(transcript, assessment)

    def fallacy(self, transcript: Transcript, assessment: Assessment) -> Fallacies:
        """Find possible fallacies."""
        return self._analyst.fallacy(transcript, assessment)

    def remember(self, work: Work, summary: str) -> None:
        """Keep text, summary, scores and vector."""
        if self._memory is None or work.fetched is None or work.transcript is None:
            return
        found = work.assessment
        self._memory.remember(
            RememberedItem(
                content_hash=work.fetched.content_hash,
                source=work.source.uri,
                text=work.transcript.text,
                summary=summary,
                title=work.fetched.title,
                content_type=found.content_type if found else None,
                scores=found.scores if found else None,
                embedding=found.embedding if found else (),
                remembered_at=self._now(),
            )
        )

    def connect(self, work: Work) -> None:
        """Add the item to the graph."""
        if self._memory is None or work.fetched is None:
            return
        found = work.assessment
        self._memory.connect(
            work.fetched.content_hash,
            work.analysis,
            work.perspectives,
            title=work.fetched.title,
            content_type=found.content_type if found else None,
            embedding=found.embedding if found else (),
        )

    def publish(self, work: Work) -> None:
        """Post the result to Discord, where a webhook is configured."""
        if self._publisher is None or work.fetched is None or work.assessment is None or work.analysis is None:
            return
        self._publisher.publish(
            title=work.fetched.title or Path(work.source.uri).name,
            url=work.fetched.url,
            content_type=work.assessment.content_type,
            scores=work.assessment.scores,
            summary=work.analysis.summary,
            claims=work.analysis.claims,
            fallacies=work.fallacies.fallacies if work.fallacies else (),
        )

    def without_effects(self) -> LocalToolbox:
        """Return the same stages for shadow work: they remember, post and report nothing. Close this one, not that."""
        quiet = copy.copy(self)
        quiet._recorder = NullRecorder(self._config)
        quiet._analyst = Analyst(self._assessor.embed, self._llm)
        quiet._memory = quiet._publisher = None
        quiet.publishes = False
        quiet._closing = ExitStack()
        return quiet

    def known(self, content_hash: str, config_hash: str) -> bytes | None:
        """Return the outcome stored for this content under this configuration."""
        return self._memory.known(content_hash, config_hash) if self._memory else None

    def store_outcome(self, content_hash: str, config_hash: str, source: str, outcome: bytes) -> None:
        """Keep an outcome."""
        if self._memory:
            self._memory.store_outcome(content_hash, config_hash, source, outcome, self._now())

    def _on_fault(self, error_type: ErrorType) -> None:
        self._recorder.record(StageFault("analysis", error_type))


def open_memory(config: Config) -> Memory:
    """Open the memory of a configuration, with Qdrant beside it if wanted. Raises StageError("storage")."""
    path = memory_path(config.memory)
    path.parent.mkdir(parents=True, exist_ok=True)
    return Memory(path, open_qdrant(config.memory))
