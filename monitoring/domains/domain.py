"""The shape of a domain on this side: everything that it is judged by, as one value."""

from __future__ import annotations

from typing import Any

import msgspec

from monitoring.domains.alert import Fixed
from monitoring.domains.band import Metric
from monitoring.domains.signal import Signal


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """What one domain is judged by. `name`: that of its other side, the label `domain` of its alerts.

    `metrics`: the keys of monitoring.yaml that belong to it. `recorded`: whether recording rules keep its signals; what
    is little is asked for as it is. What stands in a domain is told so: its signals, metrics and alerts carry its name.
    """

    name: str
    title: str
    signals: tuple[Signal, ...] = ()
    metrics: tuple[Metric, ...] = ()
    alerts: tuple[Fixed, ...] = ()
    recorded: bool = True

    def __post_init__(self) -> None:
        mine: dict[str, Any] = {
            "signals": tuple(
                msgspec.structs.replace(one, domain=self.name, recorded=self.recorded) for one in self.signals
            ),
            "metrics": tuple(msgspec.structs.replace(one, domain=self.name) for one in self.metrics),
            "alerts": tuple(msgspec.structs.replace(one, domain=self.name) for one in self.alerts),
        }
        for field, value in mine.items():
            msgspec.structs.force_setattr(self, field, value)
