"""What the events of the shadow sample do to its metrics (docs/shadow.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline.domains.content.events import ShadowJudged
from pipeline.domains.content.families import (
    SHADOW_ESTIMATED_SAVED,
    SHADOW_ITEMS,
    SHADOW_SAVINGS_ERROR,
    SHADOW_TRUE_SAVED,
)
from pipeline.metrics.labels import names_item

if TYPE_CHECKING:
    from pipeline.metrics.registry import Metrics


class ShadowHandlers:
    """What the events of the shadow sample do to the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._items = metrics.series(SHADOW_ITEMS)
        self._error = metrics.series(SHADOW_SAVINGS_ERROR)
        self._estimated = metrics.series(SHADOW_ESTIMATED_SAVED)
        self._true = metrics.series(SHADOW_TRUE_SAVED)
        self._content_type = metrics.guard(SHADOW_ITEMS, "content_type")
        self._version = metrics.guard(SHADOW_ITEMS, "config_version")

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        """Return the function for each type of event."""
        return {ShadowJudged: self._judged}

    def _judged(self, event: ShadowJudged) -> None:
        where = (self._content_type(event.content_type), self._version(event.config_version))
        exemplar = {"item_id": event.item_id} if names_item(event.item_id) else None
        self._items(event.decision, event.verdict, *where).inc(1, exemplar)
        estimated, true = event.estimated_saved_seconds, event.true_saved_seconds
        if estimated is None or true is None:
            return
        self._estimated(event.decision, *where).inc(estimated)
        self._true(event.decision, *where).inc(true)
        if true > 0:  # where nothing was to be saved there is no relative error
            self._error(*where).observe((estimated - true) / true, exemplar)
