"""How values are written and coloured: said outright, or taken from a signal when a board is drawn."""

from __future__ import annotations

import msgspec

Steps = tuple[tuple[float | None, str], ...]  # from which value on (None: from the start) a colour holds

RED, YELLOW, GREEN, GREY = "red", "orange", "green", "#8e8e8e"


class Scale(msgspec.Struct, frozen=True):
    """How values are written and coloured: Grafana's unit, decimals, range, and where colours change."""

    unit: str = "short"
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    steps: Steps = ()


class UnitOf(msgspec.Struct, frozen=True):
    """As values of this signal are written."""

    signal: str


class Banded(msgspec.Struct, frozen=True):
    """As values of this signal are written, coloured by its bands in monitoring.yaml."""

    signal: str
    minimum: float | None = None


AnyScale = Scale | UnitOf | Banded

HOURS = Scale("suffix: h", 1)
COUNT = Scale("locale", 0)
