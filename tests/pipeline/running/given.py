"""Stages that find what they are given: for tests of what is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pipeline.errors import StageError
from pipeline.item import (
    Analysis,
    Assessment,
    Fact,
    Fallacies,
    Fetched,
    Perspectives,
    Scores,
    Source,
    Transcript,
)
from pipeline.running.toolbox import Work

FETCHED = Fetched("ab" * 32, "video", 7_000, "Two words", duration_seconds=120.0, silence_ratio=0.2)
TRANSCRIPT = Transcript("one two three four " * 20, "speech", 0.9, language="en", language_confidence=0.8)
ASSESSMENT = Assessment(Scores(0.81, 0.82, 0.83, 0.84), "news", 0.7, 0.95, {"sentences": Fact(11, 0.95)})

Finding = TypeVar("Finding")


class Given:
    """A toolbox without any work in it. What is an error instead of a finding is raised."""

    llm_calls_per_item = 0
    publishes = False

    def __init__(
        self,
        fetched: Fetched | Exception = FETCHED,
        transcript: Transcript | Exception = TRANSCRIPT,
        assessment: Assessment | Exception = ASSESSMENT,
    ) -> None:
        self._fetched, self._transcript, self._assessment = fetched, transcript, assessment
        self.asked: list[str] = []

    def fetch(self, source: Source, workdir: Path) -> Fetched:
        self.asked.append(source.uri)
        if "nowhere" in source.uri:
            raise StageError("not_found", f"no such file: {source.uri}")
        return _found(self._fetched)

    def transcribe(self, fetched: Fetched) -> Transcript:
        return _found(self._transcript)

    def assess(self, transcript: Transcript, title: str | None) -> Assessment:
        return _found(self._assessment)

    def summarize(self, transcript: Transcript) -> str:
        return "short"

    def analysis(self, transcript: Transcript, assessment: Assessment) -> Analysis:
        return Analysis("a summary", (), (), 0.8)

    def perspective(self, transcript: Transcript, assessment: Assessment) -> Perspectives:
        return Perspectives((), 0.8)

    def fallacy(self, transcript: Transcript, assessment: Assessment) -> Fallacies:
        return Fallacies((), 0.8)

    def remember(self, work: Work, summary: str) -> None:
        """Do nothing."""

    def connect(self, work: Work) -> None:
        """Do nothing."""

    def publish(self, work: Work) -> None:
        """Do nothing."""

    def without_effects(self) -> Given:
        return self

    def known(self, content_hash: str, config_hash: str) -> bytes | None:
        return None

    def store_outcome(self, content_hash: str, config_hash: str, source: str, outcome: bytes) -> None:
        """Do nothing."""


def _found(given: Finding | Exception) -> Finding:
    if isinstance(given, Exception):
        raise given
    return given
