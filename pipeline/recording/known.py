"""What is known of one item on its way, and what was decided about it."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.decisions.early_exit import CheckpointVerdict
from pipeline.events import BypassReason, ProcessingType
from pipeline.item import Fact, Scores
from pipeline.recording.savings import SPOKEN_WORDS_PER_SECOND


class Known:
    """One item as its owner describes it. Any of this may be set while the item is under way.

    `full_steps`: what full processing would take (None: what was learned). `findings`: how much came out of full
    processing, see `ItemScope.yielded`.
    """

    def __init__(self, content_type: str | None, item_id: str | None, length_seconds: float | None) -> None:
        self.content_type = content_type
        self.item_id = item_id
        self.length_seconds = length_seconds
        self.full_steps: Iterable[str] | None = None
        self.facts: dict[str, Fact] = {}
        self.scores: Scores | None = None
        self.findings: float | None = None
        self.left: CheckpointVerdict | None = None  # the checkpoint that said to leave
        self.bypass: BypassReason | None = None
        self.said: ProcessingType | None = None  # the way that the owner named
        self.calls: tuple[int, float] | None = None  # model calls and dollars that a shortcut saved

    @property
    def way(self) -> ProcessingType:
        """The way that the item takes by what was decided so far."""
        return self.said or ("early_exit" if self.left else "lightweight" if self.bypass else "full")

    @property
    def length(self) -> float | None:
        """Seconds of content that cost something: what is not silent of media; of texts, what saying them takes."""
        if self.length_seconds is not None:
            return self.length_seconds
        if duration := self.facts.get("duration_seconds"):
            silence = self.facts.get("silence_ratio")
            return float(duration.value) * (1.0 - float(silence.value) if silence else 1.0)
        if words := self.facts.get("transcript_words"):
            return float(words.value) / SPOKEN_WORDS_PER_SECOND
        return None
