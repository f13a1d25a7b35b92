"""What one item took: the seconds of its steps and stages, where it failed, and every event on the way."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import error_type_of
from pipeline.events import Event, StageFault, StageFinished
from pipeline.recording.remarks import STAGE_TOO_LATE, Remarks


class Ledger:
    """Written by an item's stages, read once the item has ended (`close`). Stages may run side by side, in threads.

    Nothing is noted unless `kept`. `taken`: step, stage and seconds of every stage; a stage within a group belongs to
    the group's step, whose seconds are the group's wall time.
    """

    def __init__(self, clock: Callable[[], float], *, kept: bool, remarks: Remarks | None = None) -> None:
        self.clock = clock
        self.kept = kept
        self.remarks = remarks or Remarks()
        self.closed = False
        self.events: list[Event] = []
        self.steps: dict[str, float] = {}  # seconds of each step
        self.taken: list[tuple[str, str, float]] = []
        self.failed_stage: str | None = None
        self.left_stage: str | None = None  # which was under way when the item was abandoned
        self._group: str | None = None
        self._begun = 0.0

    def begin(self) -> None:
        """Let the item's time begin now."""
        self._begun = self.clock()

    @property
    def spent(self) -> float:
        """Seconds since the item began."""
        return self.clock() - self._begun

    def note(self, event: Event) -> None:
        """Keep an event for when the item has ended."""
        if self.kept and not self.closed:
            self.events.append(event)

    def close(self) -> list[Event]:
        """Take nothing more in; return everything that was noted."""
        self.closed = True
        return self.events

    def finished(self, stage: str, step: str, seconds: float) -> None:
        """Note that a stage did its work."""
        if self.closed:
            self.remarks.make(STAGE_TOO_LATE, stage)
            return
        self.note(StageFinished(stage, seconds))
        self.taken.append((self._group or step, stage, seconds))
        if self._group is None:
            self.steps[step] = self.steps.get(step, 0.0) + seconds

    def failed(self, stage: str, error: BaseException) -> None:
        """Note that a stage met an error; the first such stage is where the item fails."""
        self.failed_stage = self.failed_stage or stage
        self.note(StageFault(stage, error_type_of(error)))

    def left(self, stage: str) -> None:
        """Note that a stage was cut off; the first such stage is where the item is abandoned."""
        self.left_stage = self.left_stage or stage

    def group_began(self, step: str) -> None:
        """Note that the stages from here on run side by side."""
        self._group = step

    def group_ended(self, step: str, seconds: float) -> None:
        """Note the wall time of the stages that ran side by side."""
        self._group = None
        self.steps[step] = seconds
