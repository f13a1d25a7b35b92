"""The shape of a domain on this side: everything that it is judged by, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from monitoring.domains.alert import Fixed
from monitoring.domains.band import Metric
from monitoring.domains.board import Board
from monitoring.domains.case import Case
from monitoring.domains.signal import Signal
from monitoring.domains.variable import Variable


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """What one domain is judged by. `name`: that of its other side, the label `domain` of its alerts.

    `package`: where it is declared; what people wrote about its alerts stands there as `runbooks/ALERT.md`.
    `recorded`: whether recording rules keep its signals; what is little is asked for as it is.
    `metrics`: the keys of monitoring.yaml that belong to it.
    `cases`: the tests of its alerts without bands, by alert.
    `headlines`: the signals that `status` and `report` tell of.
    `boards` may offer the `variables` of all domains.
    `colours`: label -> value -> colour, the same on every board; values of other labels take theirs in their order.

    What stands in a domain is told so: its signals, metrics and alerts carry its name.
    """

    name: str
    title: str
    package: str
    signals: tuple[Signal, ...] = ()
    metrics: tuple[Metric, ...] = ()
    alerts: tuple[Fixed, ...] = ()
    cases: Mapping[str, tuple[Case, ...]] = {}
    headlines: tuple[str, ...] = ()
    boards: tuple[Board, ...] = ()
    variables: tuple[Variable, ...] = ()
    colours: Mapping[str, Mapping[str, str]] = {}
    recorded: bool = True

    def __post_init__(self) -> None:
        told: tuple[tuple[str, type, dict[str, Any]], ...] = (
            ("signals", Signal, {"domain": self.name, "recorded": self.recorded}),
            ("metrics", Metric, {"domain": self.name}),
            ("alerts", Fixed, {"domain": self.name}),
        )
        for field, kind, mine in told:
            given = getattr(self, field)
            if isinstance(given, tuple) and all(isinstance(one, kind) for one in given):  # else the contract refuses it
                named = tuple(msgspec.structs.replace(one, **mine) for one in given)
                msgspec.structs.force_setattr(self, field, named)

    @property
    def alert_names(self) -> tuple[str, ...]:
        """Return the names of all its alerts: of bands, of objectives, and those without bands."""
        banded = (name for metric in self.metrics for name, _ in metric.alerts)
        burning = (signal.burn.alert for signal in self.signals if signal.burn)
        return (*banded, *burning, *(alert.name for alert in self.alerts))

    def runbook(self, alert: str) -> Traversable:
        """Return the file that holds what people wrote about an alert, whether it is there or not."""
        return files(self.package).joinpath("runbooks", f"{alert}.md")

    def runbook_path(self, alert: str) -> str:
        """Return where that file stands in the source."""
        return f"{self.package.replace('.', '/')}/runbooks/{alert}.md"
