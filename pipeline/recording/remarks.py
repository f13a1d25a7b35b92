"""Uses of an item that would count wrongly: each is told once, with what to do instead, and never raises."""

from __future__ import annotations

from pipeline.logger import Logger

_log = Logger("pipeline.item")

ENTERED_AGAIN = (
    "an item that is under way was entered again, and is followed as another one; make an item for each: "
    "`with recorder.item(...) as item`"
)
LEFT_AGAIN = "an item was left that is not under way, which counts nothing; leave the block that was entered, once"
FINISHED_AGAIN = "finish was called again, and the last call holds; call it once, where the item leaves the pipeline"
AFTER_THE_END = "{what} was called after the item's end and counts nothing; call it inside the item's `with` block"
STAGE_LEFT_AGAIN = "stage {what} was left more often than entered, which counts once; use `with item.stage(...)`"
STAGE_TOO_LATE = "stage {what} ended after its item and is not counted; wait for it inside the item's `with` block"


class Remarks:
    """What was told of one item."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def make(self, text: str, what: str = "") -> None:
        """Tell, unless it was told. `what`: the call or the stage that the text is about."""
        if (text, what) not in self._told:
            self._told.add((text, what))
            _log.warning(text.format(what=what))
