"""What a domain says: its events, the metrics they become, the labels those have, and traffic to try them with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any, Protocol

import msgspec

from pipeline.metrics.family import Family, Label

Handler = Callable[[Any], None]
Handlers = Callable[[Any], Mapping[type, Handler]]  # is given the Metrics, which know their domains


class Dials(msgspec.Struct, frozen=True):
    """How simulated traffic is to be: shares 0..1 of what fails and is checked in shadow; `quality` shifts scores."""

    fail: float = 0.005
    quality: float = 0.0
    shadow: float = 0.02


class Traffic(Protocol):
    """Makes events as a healthy system would, for `pipemeter simulate`; its truth is its own, not the code's."""

    def start(self) -> Iterable[Any]:
        """Return the events that come before all others."""

    def item(self) -> Sequence[Any]:
        """Return the events of one more item."""


class Domain(msgspec.Struct, frozen=True):
    """One domain. `labels` are declared once for all domains: a label means the same wherever it stands.

    `handlers` returns, for the metrics it is given, what each of the `events` does to them. Metric names begin with
    one of the `prefixes`, by default the domain's name. `judged` says where the signals, bands, alerts and boards of
    another package's domain are: `package.module:ATTRIBUTE`; ours are in `monitoring.domains`.
    """

    name: str
    families: tuple[Family, ...]
    labels: tuple[Label, ...] = ()
    events: tuple[type[Any], ...] = ()
    handlers: Handlers | None = None
    prefixes: tuple[str, ...] = ()
    traffic: Callable[[Random, Dials], Traffic] | None = None
    judged: str = ""
