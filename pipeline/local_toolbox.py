"""The stages of this package put together: one object that the engine can work with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import structlog

from pipeline.config import Config
from pipeline.item import Analysis, Assessment, Fallacies, Fetched, Perspectives, Source, Transcript
from pipeline.llm.client import LlmClient
from pipeline.stages import download
from pipeline.stages.analyze import Analyst, summarize
from pipeline.stages.assess import Assessor
from pipeline.stages.publish import DiscordPublisher
from pipeline.stages.remember import Memory, RememberedItem, open_qdrant
from pipeline.stages.transcribe import Transcriber
from pipeline.state import state_dir
from pipeline.toolbox import Work

_log = structlog.get_logger("pipeline.toolbox")
_CALLS = 3  # analysis, perspective and fallacy: one model call each


class LocalToolbox:
    """Everything runs in this process; an endpoint, Qdrant and Discord are used where they are configured.

    With `memory=False` nothing is read from or written to the state folder (for `explain`). Close it, or use `with`.
    """

    def __init__(self, config: Config, *, memory: bool = True, now: Callable[[], float] = time.time) -> None:
        self._config, self._now = config, now
        self._closing = ExitStack()
        self._http: httpx.Client = self._closing.enter_context(download.make_client(config.download))
        self._transcriber = Transcriber(config.transcription)
        self._assessor = Assessor(config.custom_types())
        self._llm = LlmClient(config.llm) if config.llm.base_url else None
        self._analyst = Analyst(self._assessor.embed, self._llm)
        self._memory = self._closing.enter_context(self._open_memory()) if memory else None
        wanted = config.publish.discord and config.publish.discord_webhook_url
        self._publisher = DiscordPublisher(config.publish) if wanted else None
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
        text = source.title or " ".join(Path(source.uri).parts[-2:]).replace("-", " ").replace("_", " ")
        return self._assessor.guess_type(text)

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
