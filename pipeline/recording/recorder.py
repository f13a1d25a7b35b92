"""Where events go: what all recorders share, and the one that records nothing.

A recorder never raises and never makes its caller wait: metrics must not break or slow what they measure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

from pipeline.decisions.shadow import Skip
from pipeline.domains.event import DomainEvent
from pipeline.recording.item_scope import ItemScope
from pipeline.recording.savings import CostModel
from pipeline.recording.shadow import Shadow

if TYPE_CHECKING:
    from pipeline.configuration.config import Config


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
            from pipeline.configuration.config import default_directory, load_config  # only decisions need it

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

    def shadow(self, skip: Skip, clock: Callable[[], float]) -> Shadow:
        """Return the full processing of an item that was skipped; its verdict comes here."""
        return Shadow(self, skip, clock)

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
