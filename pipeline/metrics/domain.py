"""What a domain says: its events, the metrics they become, the labels those have, and traffic to try them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pipeline.metrics.family import Family, Label

Handler = Callable[[Any], None]
Handlers = Callable[[Any], Mapping[type, Handler]]  # is given the Metrics, which know their domains


class Domain(msgspec.Struct, frozen=True):
    """One domain. `labels` are declared once for all domains: a label means the same wherever it stands.

    `handlers` returns, for the metrics it is given, what each of the `events` does to them. Metric names begin with
    one of the `prefixes`, by default the domain's name. `judged` says where the signals, bands, alerts and boards of
    another package's domain are: `package.module:ATTRIBUTE`; ours are in `monitoring.domains`.
    """

    name: str
    families: tuple[Family, ...]
    labels: tuple[Label, ...] = ()
    events: tuple[type[msgspec.Struct], ...] = ()
    handlers: Handlers | None = None
    prefixes: tuple[str, ...] = ()
    judged: str = ""
