"""The text of `/metrics`: byte for byte what prometheus_client writes, for a fraction of its cost.

`render` remembers, per registry, what it wrote and the numbers it wrote it from. The next scrape reads all numbers
and formats again only what changed. Collectors that are not standard metrics are asked anew each time and written by
prometheus_client itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, generate_latest, metrics
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter.text.expiry import Expiry
from exporter.text.metric_text import MetricText, has_callback, is_standard
from exporter.text.textformat import TextFormat

_EOF = b"# EOF\n"
_classic: Callable[[Collector], bytes] = generate_latest
_openmetrics: Callable[[Collector], bytes] = generate_openmetrics
SLICE_SECONDS = 0.001  # the longest that an asynchronous rendering works before it gives way


@runtime_checkable
class TextCollector(Protocol):
    """A collector that keeps its own text and only hands it out."""

    def text(self, text_format: TextFormat) -> Iterable[bytes]:
        """Return the text of its families, in pieces."""


class _Single:
    """A registry of one family, for prometheus_client's own writer."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        return [self._metric]


def write_metric(metric: Metric, text_format: TextFormat) -> bytes:
    """Write one collected family with prometheus_client's own writer."""
    if text_format is TextFormat.CLASSIC:
        return _classic(_Single(metric))
    return _openmetrics(_Single(metric)).removesuffix(_EOF)


class Renderer:
    """Renders one registry in one format again and again, remembering what it wrote.

    It keeps no reference to the registry itself, so that `render` can forget it together with its registry.
    """

    def __init__(self, text_format: TextFormat = TextFormat.CLASSIC, expiry: Expiry | None = None) -> None:
        self.text_format = text_format
        self._expiry = expiry
        self._remembered: dict[Any, MetricText] = {}
        self.series = 0  # in the last complete rendering

    def render(self, registry: Collector) -> bytes:
        """Return the whole exposition, in one go."""
        return b"".join(self.pieces(registry))

    async def render_async(self, registry: Collector, clock: Callable[[], float] = time.perf_counter) -> bytes:
        """Return the whole exposition, giving way to other tasks every millisecond."""
        done: list[bytes] = []
        until = clock() + SLICE_SECONDS
        for piece in self.pieces(registry):
            done.append(piece)
            if clock() >= until:
                await asyncio.sleep(0)
                until = clock() + SLICE_SECONDS
        return b"".join(done)

    def pieces(self, registry: Collector) -> Iterator[bytes]:
        """Yield the exposition piece by piece; between two pieces the registry may change."""
        series = 0
        for piece in self._pieces(registry):
            series += piece.count(b"\n")
            if piece.startswith(b"# "):  # every family begins with its comments
                series -= 1 + piece.count(b"\n# ")
            yield piece
        self.series = series

    def _pieces(self, registry: Collector) -> Iterator[bytes]:
        if type(registry) is CollectorRegistry:
            yield from self._standard_pieces(registry)
        else:
            yield from (write_metric(metric, self.text_format) for metric in registry.collect())
        if self.text_format is TextFormat.OPENMETRICS:
            yield _EOF

    def _standard_pieces(self, registry: CollectorRegistry) -> Iterator[bytes]:
        with registry._lock:
            collectors = list(registry._collector_to_names)
            target = registry._target_info_metric() if registry._target_info else None  # type: ignore[no-untyped-call]
        if target is not None:
            yield write_metric(target, self.text_format)
        self._forget_all_but(collectors)
        for collector in collectors:
            yield from self._collector_pieces(collector)

    def _collector_pieces(self, collector: Any) -> Iterator[bytes]:
        text = self._text_of(collector)
        if text is not None:
            yield from text.pieces()
        elif isinstance(collector, TextCollector):
            yield from collector.text(self.text_format)
        else:
            yield from (write_metric(metric, self.text_format) for metric in collector.collect())

    def _text_of(self, collector: Any) -> MetricText | None:
        """Return the remembered text of a standard metric; None for all else."""
        text = self._remembered.get(collector)
        created = metrics._use_created
        if text is None or not text.fits(created):
            if not is_standard(collector):
                return None
            text = self._remembered[collector] = MetricText(collector, self.text_format, created, self._expiry)
        return None if has_callback(collector) else text

    def _forget_all_but(self, collectors: list[Any]) -> None:
        if len(self._remembered) > len(collectors) or not self._remembered.keys() <= set(collectors):
            self._remembered = {c: self._remembered[c] for c in collectors if c in self._remembered}


_renderers: WeakKeyDictionary[Collector, Renderer] = WeakKeyDictionary()  # what `render` remembers of each registry


def render(registry: Collector) -> bytes:
    """Return the registry in the classic text format, the very bytes of `prometheus_client.generate_latest`.

    Faster from the second call on: only values that changed since the last call are formatted again. Whatever a
    collector raises is passed on.
    """
    if type(registry) is not CollectorRegistry:
        return _classic(registry)
    renderer = _renderers.get(registry)
    if renderer is None:
        renderer = _renderers.setdefault(registry, Renderer())
    return renderer.render(registry)
