"""The stages as the engine sees them, and what is carried from one to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from pipeline.item import Analysis, Assessment, Fallacies, Fetched, Perspectives, Source, Transcript


class Work(msgspec.Struct):
    """What is known about an item so far."""

    source: Source
    fetched: Fetched | None = None
    transcript: Transcript | None = None
    assessment: Assessment | None = None
    analysis: Analysis | None = None
    perspectives: Perspectives | None = None
    fallacies: Fallacies | None = None


class Toolbox(Protocol):
    """The stages, ready to use from several threads. Each raises StageError for what it cannot do."""

    llm_calls_per_item: int  # model calls that full processing makes
    publishes: bool  # whether a channel is configured

    def fetch(self, source: Source, workdir: Path) -> Fetched:
        """Bring the content to this machine and probe it."""

    def transcribe(self, fetched: Fetched) -> Transcript:
        """Turn it into words."""

    def assess(self, transcript: Transcript, title: str | None) -> Assessment:
        """Score its quality and find its content type."""

    def summarize(self, transcript: Transcript) -> str:
        """Make the basic summary of the lightweight way."""

    def analysis(self, transcript: Transcript, assessment: Assessment) -> Analysis:
        """Summarise, find keywords and claims."""

    def perspective(self, transcript: Transcript, assessment: Assessment) -> Perspectives:
        """Find points of view."""

    def fallacy(self, transcript: Transcript, assessment: Assessment) -> Fallacies:
        """Find possible fallacies."""

    def remember(self, work: Work, summary: str) -> None:
        """Keep text, summary, scores and vector."""

    def connect(self, work: Work) -> None:
        """Add the item to the graph."""

    def publish(self, work: Work) -> None:
        """Post the result, where a channel is configured."""

    def without_effects(self) -> Toolbox:
        """Return the same stages for shadow work: they remember, post and report nothing."""

    def known(self, content_hash: str, config_hash: str) -> bytes | None:
        """Return the outcome stored for this content under this configuration."""

    def store_outcome(self, content_hash: str, config_hash: str, source: str, outcome: bytes) -> None:
        """Keep an outcome."""
