"""Where events go: nowhere, into this process's metrics, or to an exporter elsewhere.

A recorder never raises and never makes its caller wait: metrics must not break or slow what they measure.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from pipeline.configuration.config import Config, default_directory, flags_from, load_config
from pipeline.domains.content.families import ITEMS_IN_PROGRESS, LAST_ITEM_TIMESTAMP
from pipeline.domains.event import DomainEvent
from pipeline.domains.exporter.families import RECORDS, REJECTED_RECORDS
from pipeline.errors import ConfigError
from pipeline.events import ItemFinished, validate
from pipeline.metrics.registry import Metrics
from pipeline.recording.item_scope import ItemScope
from pipeline.recording.savings import CostModel

if TYPE_CHECKING:
    from pipeline.recording.push import PushRecorder

_log = structlog.get_logger("pipeline.recorder")
DEFAULT_URL = "http://localhost:8000"


class Recorder:
    """Base of all recorders: takes events, and gives the ergonomic form for somebody's own pipeline (`item`)."""

    enabled = True

    def __init__(self, config: Config | None = None, costs: CostModel | None = None) -> None:
        self._config = config
        self.costs = costs if costs is not None else CostModel()

    @property
    def config(self) -> Config:
        """The configuration that decisions follow; by default `./config` and the environment. Raises ConfigError."""
        if self._config is None:
            self._config = load_config(default_directory(), os.environ)
        return self._config

    def record(self, event: DomainEvent) -> None:
        """Take one event. Returns at once and never raises."""
        self.record_many((event,))

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Take several events. Returns at once and never raises."""
        raise NotImplementedError

    def item_started(self) -> None:
        """Note that an item is being worked on (a liveness gauge of this process, not an event)."""

    def item_ended(self) -> None:
        """Note that an item is done, one way or another."""

    def item(
        self, content_type: str | None = None, *, item_id: str | None = None, length_seconds: float | None = None
    ) -> ItemScope:
        """Follow one item through somebody's own stages: `with`, `async with`, or a decorator (see ItemScope)."""
        return ItemScope(self, content_type=content_type, item_id=item_id, length_seconds=length_seconds)

    def close(self) -> None:
        """Deliver what is still on its way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class NullRecorder(Recorder):
    """Records nothing. Decisions are made all the same: whether items leave early is not a question of metrics."""

    enabled = False

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Forget the events."""


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
            REGISTRY if registry is None else registry, known=self.config.known_values(), caps=self.config.label_caps
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
                _log.warning("event refused", error=str(error), event_type=type(event).__name__)
        self._records.inc(applied)

    def item_started(self) -> None:
        """Raise the number of items in progress."""
        self._in_progress.inc()

    def item_ended(self) -> None:
        """Lower the number of items in progress and note the time."""
        self._in_progress.dec()
        self._last_item.set(self._clock())


def recorder_from_environment() -> Recorder:
    """Return the recorder that the environment asks for.

    It records nothing unless `ENABLE_DASHBOARD_METRICS` is on, else it pushes to `DASHBOARD_API_URL` with
    `EXPORTER_TOKEN`. Use it as a context manager. Raises ConfigError for settings that are wrong.
    """
    from pipeline.recording.push import PushRecorder

    config = load_config(default_directory(), os.environ)
    if not config.flags.dashboard_metrics:
        return NullRecorder(config)
    url, token = exporter_address()
    return PushRecorder(url, token=token, config=config)


def exporter_address(url: str | None = None) -> tuple[str, str | None]:
    """Return which exporter is meant (the one named, else `DASHBOARD_API_URL`) and the token for it."""
    return url or os.environ.get("DASHBOARD_API_URL") or DEFAULT_URL, os.environ.get("EXPORTER_TOKEN") or None


_pushers: dict[tuple[str, str | None], PushRecorder] = {}
_pushers_lock = threading.Lock()


async def record_pipeline_metrics(
    processing_type: str,
    content_type: str | None = None,
    quality_score: float | None = None,
    processing_time: float | None = None,
    exit_checkpoint: str | None = None,
    exit_reason: str | None = None,
    exit_confidence: float | None = None,
    time_saved_pct: float | None = None,
) -> None:
    """Tell the exporter at `DASHBOARD_API_URL` that an item finished; fire and forget.

    Scores and confidences 0..1, `processing_time` in seconds, `time_saved_pct` a fraction 0 <= p < 1. Does nothing
    unless `ENABLE_DASHBOARD_METRICS` is on. Never raises and never waits for the network: delivery (5 s timeout,
    retried) happens in the background, failures are logged and counted.
    """
    try:
        if not flags_from(os.environ).dashboard_metrics:
            return
        event = ItemFinished(
            processing_type=processing_type,  # type: ignore[arg-type]  # checked by the recorder
            content_type=content_type,
            quality_score=quality_score,
            processing_time=processing_time,
            exit_checkpoint=exit_checkpoint,
            exit_reason=exit_reason,
            exit_confidence=exit_confidence,
            time_saved_pct=time_saved_pct,
            config_version=os.environ.get("CONFIG_VERSION") or None,
        )
        background_recorder(*exporter_address()).record(event)
    except Exception as error:  # noqa: BLE001 - see above: the caller must not notice
        _log.warning("metrics not recorded", error=str(error))


def background_recorder(url: str, token: str | None) -> PushRecorder:
    """Return this process's recorder for an exporter, started on first use and flushed when the process ends."""
    from pipeline.recording.push import PushRecorder

    with _pushers_lock:
        if (url, token) not in _pushers:
            import atexit

            pusher = PushRecorder(url, token=token)
            atexit.register(pusher.close)
            _pushers[url, token] = pusher
        return _pushers[url, token]


def __getattr__(name: str) -> Any:
    if name == "PushRecorder":  # it imports this module, so it cannot be imported above
        from pipeline.recording.push import PushRecorder

        return PushRecorder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "DEFAULT_URL",
    "ConfigError",
    "InProcessRecorder",
    "NullRecorder",
    "PushRecorder",
    "Recorder",
    "background_recorder",
    "exporter_address",
    "record_pipeline_metrics",
    "recorder_from_environment",
]
