"""Events into metrics of this process, in a registry that the caller exposes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry

from pipeline.domains.catalogue import sound_domains
from pipeline.domains.content.families import ITEMS_IN_PROGRESS, LAST_ITEM_TIMESTAMP
from pipeline.domains.event import DomainEvent
from pipeline.domains.exporter.families import RECORDS, REJECTED_RECORDS
from pipeline.errors import told
from pipeline.events import validate
from pipeline.logger import Logger
from pipeline.metrics.registry import Metrics
from pipeline.recording.recorder import Recorder
from pipeline.recording.savings import CostModel

if TYPE_CHECKING:
    from pipeline.configuration.config import Config

_log = Logger("pipeline.recorder")


class InProcessRecorder(Recorder):
    """Turns events into metrics of this process, in a registry that the caller exposes."""

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        config: Config | None = None,
        costs: CostModel | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(config, costs)
        self.metrics = Metrics(
            REGISTRY if registry is None else registry,
            sound_domains(),  # without those of other packages that cannot be used: a recorder never stops its caller
            known=self.config.known_values(),
            caps=self.config.label_caps,
        )
        self._clock = clock
        self._in_progress = self.metrics.family(ITEMS_IN_PROGRESS)
        self._last_item = self.metrics.family(LAST_ITEM_TIMESTAMP)
        self._records = self.metrics.family(RECORDS)
        self._rejected = self.metrics.series(REJECTED_RECORDS)
        self.metrics.apply(self.config.activated())

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Apply the events; one that is not valid is counted as rejected."""
        applied = 0
        for event in events:
            try:
                self.metrics.apply(validate(event))
                applied += 1
            except Exception as error:  # noqa: BLE001 - the recorder's edge: nothing may reach the caller
                self._rejected("invalid").inc()
                why = told(error) if self.metrics.takes(event) else "no domain that can be used declares it"
                _log.warning("event refused", error=why, event_type=type(event).__name__)
        self._records.inc(applied)

    def item_started(self) -> None:
        """Raise the number of items in progress."""
        self._in_progress.inc()

    def item_ended(self) -> None:
        """Lower the number of items in progress and note the time."""
        self._in_progress.dec()
        self._last_item.set(self._clock())
