"""One standard metric (Counter, Gauge, Summary, Histogram) as text, kept up to date from scrape to scrape.

Its text is cut into shards of about five hundred lines. A shard is refreshed in one go, without giving way to other
tasks, and takes well under a millisecond unless everything in it is new.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import chain
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, Summary, values
from prometheus_client.values import MutexValue

from exporter.text.expiry import Expiry
from exporter.text.layout import Layout
from exporter.text.shards import Shard
from exporter.text.textformat import TextFormat

_STANDARD = (Counter, Gauge, Summary, Histogram)
_GAUGE_SAMPLES = Gauge._child_samples


def is_standard(metric: object) -> bool:
    """Tell whether the metric is one whose inner make-up is known: no subclass, no callback, no shared memory."""
    return type(metric) in _STANDARD and values.ValueClass is MutexValue and "collect" not in vars(metric)


def has_callback(metric: Any) -> bool:
    """Tell whether any child of a gauge takes its value from a function (`set_function`)."""
    if type(metric) is not Gauge:
        return False
    samples = [child._child_samples.__func__ for child in _children(metric)]
    return samples.count(_GAUGE_SAMPLES) != len(samples)


def _children(metric: Any) -> list[Any]:
    if not metric._is_parent():
        return [metric]
    with metric._lock:
        return list(metric._metrics.values())


class MetricText:
    """A standard metric in one text format, kept up to date shard by shard."""

    def __init__(self, metric: Any, text_format: TextFormat, created: bool, expiry: Expiry | None = None) -> None:
        self.metric = metric
        self._expiry = expiry
        self.layout = Layout(metric, text_format, created)
        self.created = created
        self._lock = threading.Lock()
        self._changes = 0
        self._text = b""  # of a family of one shard
        self._text_of: bytes | None = None  # the shard's text that it was made of
        self._children: list[Any] = []
        self._shards: list[Shard] = []

    def fits(self, created: bool) -> bool:
        """Tell whether what was laid out still holds (help text and `_created` can be changed from outside)."""
        return self.created == created and self.layout.documentation == self.metric._documentation

    def _catch_up(self) -> Iterator[None]:
        """Take in the children that are new since the last scrape, some at a time."""
        children: list[Any] = []
        seen = -1
        while True:
            with self._lock:
                if seen != self._changes:  # at the beginning, and when another rendering was here meanwhile
                    children = _children(self.metric)
                    self._drop_removed(children)
                if len(self._children) >= len(children):
                    return
                self._append(children)
                self._changes += 1
                seen = self._changes
            yield

    def _is_continued_by(self, children: list[Any]) -> bool:
        known = len(self._children)
        return (children[:known] if len(children) > known else children) == self._children

    def _drop_removed(self, children: list[Any]) -> None:
        """Rebuild the shards that lost a child; a removed and re-added one stands at the end, as in the registry."""
        if self._is_continued_by(children):
            return
        alive = set(map(id, children))
        kept = [[child for child in shard.children if id(child) in alive] for shard in self._shards]
        self._shards = [
            shard if len(left) == len(shard.children) else Shard(self.layout, left, self._expiry)
            for shard, left in zip(self._shards, kept, strict=True)
            if left
        ]
        self._children = list(chain.from_iterable(kept))
        if not self._is_continued_by(children):
            self._shards, self._children = [], []

    def _append(self, children: list[Any]) -> None:
        """Fill one shard with the next children."""
        if not self._shards or self._shards[-1].room <= 0:
            self._shards.append(Shard(self.layout, (), self._expiry))
        known = len(self._children)
        taken = children[known : known + self._shards[-1].room]
        self._shards[-1].extend(taken)
        self._children += taken

    def pieces(self) -> Iterator[bytes]:
        """Yield the family's text, in the registry's order; after each piece the caller may give way to others."""
        known = self._shards
        if len(known) == 1 and _children(self.metric) == self._children:
            yield self._small(known[0])
            return
        for _ in self._catch_up():
            yield b""
        with self._lock:
            shards = tuple(self._shards)
        yield self.layout.header
        for shard in shards:
            yield self._refreshed(shard)
        yield b"\n"
        if shards and self._has_created_block:
            yield self.layout.created_header
            yield from (shard.created_blob for shard in shards)
            yield b"\n"

    @property
    def _has_created_block(self) -> bool:
        return self.layout.has_created and not self.layout.inline_created

    def _refreshed(self, shard: Shard) -> bytes:
        with self._lock:
            shard.refresh()
            return shard.blob

    def _small(self, shard: Shard) -> bytes:
        """Return the whole text of a family of one shard, which most are; when nothing changed it is still there."""
        with self._lock:
            if shard.refresh() or self._text_of is not shard.blob:
                pieces = [self.layout.header, shard.blob, b"\n"]
                if self._has_created_block:
                    pieces += [self.layout.created_header, shard.created_blob, b"\n"]
                self._text, self._text_of = b"".join(pieces), shard.blob
            return self._text
