"""A family as a body declares it, in the terms of the classic text format, whatever format it came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from prometheus_client.samples import Sample as ParsedSample

Kind = Literal["counter", "gauge", "histogram", "summary", "untyped"]
KINDS: dict[str, Kind] = {
    "counter": "counter", "gauge": "gauge", "histogram": "histogram", "summary": "summary",
    "untyped": "untyped", "unknown": "untyped",
}  # fmt: skip
SUFFIXES: dict[str, tuple[str, ...]] = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("", "_count", "_sum")}


class Declared(msgspec.Struct):
    """One family as a body declares it, not checked yet."""

    name: str
    kind: str
    help: str
    samples: list[ParsedSample]


def as_classic(name: str, kind: str, text: str, samples: Iterable[ParsedSample]) -> Iterator[Declared]:
    """Yield the classic families that an OpenMetrics family becomes: what has no place in one is a gauge."""
    own = {"counter": "_total", "info": "_info"}.get(kind, "")
    inner = {"gaugehistogram": ("_bucket",)}.get(kind, SUFFIXES.get(kind, ("",)))
    first = Declared(name + own, KINDS.get(kind, "histogram" if kind == "gaugehistogram" else "gauge"), text, [])
    beside: dict[str, Declared] = {}
    for sample in samples:
        if sample.name in [first.name + suffix for suffix in inner]:
            first.samples.append(sample)
        else:
            beside.setdefault(sample.name, Declared(sample.name, "gauge", text, [])).samples.append(sample)
    yield first
    yield from beside.values()
