"""A metric family as data: its name, what it counts, its labels with the values they may take, its buckets."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]
Domain = Literal[
    "pipeline", "exporter", "llm", "workflow", "batching", "bandits", "evaluations", "agents", "clustering", "models"
]

UNSPECIFIED = "unspecified"  # label value of something that was not said
OTHER = "other"  # label value of everything beyond a closed set or a cap


class Label(msgspec.Struct, frozen=True):
    """A label and the values it may take.

    `values` are known beforehand. With `cap` 0 they are the whole (closed) set; otherwise up to `cap` values in all
    may appear. Whatever lies beyond becomes `other`.
    """

    name: str
    values: tuple[str, ...] = ()
    cap: int = 0


class Family(msgspec.Struct, frozen=True):
    """One metric family. `buckets`: upper edges without +Inf; `why`: the argument for them."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    why: str = ""
    domain: Domain = "pipeline"


def edges(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Return evenly spaced bucket edges, both ends included, as exact short decimals."""
    count = round((stop - start) / step)
    return tuple(round(start + i * step, 10) + 0.0 for i in range(count + 1))
