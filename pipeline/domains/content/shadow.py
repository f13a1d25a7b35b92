"""Metrics of the shadow sample: whether skips were right, and saved what was claimed (docs/shadow.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline.domains.content.handlers import names_item
from pipeline.events import ShadowJudged
from pipeline.metrics.family import Family

if TYPE_CHECKING:
    from pipeline.metrics.registry import Metrics

_SAVED = ("decision", "content_type", "config_version")

FAMILIES: tuple[Family, ...] = (
    Family(
        "pipeline_shadow_items_total",
        "counter",
        "Skipped items that were processed in full all the same, by what had skipped them and whether that was right.",
        ("decision", "verdict", "content_type", "config_version"),
    ),
    Family(
        "pipeline_shadow_savings_error_ratio",
        "histogram",
        "Error of the estimated savings of one shadow item: (estimated - true) / true; above 0 too much was claimed.",
        ("content_type", "config_version"),
        (-0.9, -0.75, -0.5, -0.3, -0.2, -0.1, -0.05, 0, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 3, 9),
        "fine where the estimate should lie, then 2, 4 and 10 times too little (-0.5, -0.75, -0.9) or too much (1, 3, "
        "9); zero is an edge, so that the share of items whose savings are overstated can be read off",
    ),
    Family(
        "pipeline_shadow_estimated_saved_seconds_total",
        "counter",
        "Seconds that shadow items' skips were estimated to save; over the true ones it is the bias of the estimate.",
        _SAVED,
    ),
    Family(
        "pipeline_shadow_true_saved_seconds_total",
        "counter",
        "Seconds that the same shadow items' skips truly saved.",
        _SAVED,
    ),
)


class ShadowHandlers:
    """What the events of the shadow sample do to the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._items = metrics.series("pipeline_shadow_items_total")
        self._error = metrics.series("pipeline_shadow_savings_error_ratio")
        self._estimated = metrics.series("pipeline_shadow_estimated_saved_seconds_total")
        self._true = metrics.series("pipeline_shadow_true_saved_seconds_total")
        self._content_type = metrics.guard("pipeline_shadow_items_total", "content_type")
        self._version = metrics.guard("pipeline_shadow_items_total", "config_version")

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
