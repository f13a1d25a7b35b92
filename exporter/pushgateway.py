"""stub"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client.metrics_core import Metric

from exporter.ingest import Ingest
from exporter.settings import ExporterSettings


class PushStore:
    """stub."""

    def __init__(self, ingest: Ingest, settings: ExporterSettings, clock: Callable[[], float]) -> None:
        pass

    def collect(self) -> Iterable[Metric]:
        return []

    def describe(self) -> Iterable[Metric]:
        return []

    def dump(self) -> bytes:
        return b""

    def load(self, state: bytes) -> None:
        pass

    def replay(self, body: bytes, at: float) -> None:
        pass
