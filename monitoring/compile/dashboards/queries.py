"""Where panels get their queries: signals over a rolling window or over the whole range, narrowed by the variables."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitoring.domains.board import Form, Query
from monitoring.domains.catalogue import SIGNALS
from monitoring.domains.signal import Signal
from monitoring.promql.expressions import Over, OverRange, expression, family_of, summed
from monitoring.targets.targets import Targets

HOUR = 3600
BUCKETS_STEP = "5m"  # least step of quantiles over time: buckets are many
_RANGE = "$__range"
_BY_THE_HOUR = ("quantile", "share", "low", "high")  # buckets are recorded so; ends would be dear in smaller steps
_NARROWING = ("config_version", "content_type", "checkpoint", "instance")  # variables that a reader expects to narrow


class Questions:
    """Makes the queries of one board, whose variables it knows.

    `recorded` False asks the raw families instead of the recorded sums: slow, and what the benchmark compares with.
    """

    def __init__(self, targets: Targets, variables: Sequence[str], *, recorded: bool = True) -> None:
        self.targets = targets
        self._variables = tuple(variables)
        self._recorded = recorded

    def rolling(self, name: str, legend: str = "", *, by: Sequence[str] = (), step: str = "") -> Query:
        """Ask a signal over a rolling window: that of its alerts, an hour where it has none."""
        signal = SIGNALS[name]
        bands = self.targets.bands.get(signal.of or name)
        window = bands.window if bands else HOUR
        over: Over = window if self._recorded and signal.recorded else f"{window}s"
        expr, free = self._asked(signal, over, by)
        step = step or (BUCKETS_STEP if signal.kind == "quantile" else "")
        return Query(expr, families_of(signal), legend or _legend(by), step=step, free=free)

    def whole(
        self,
        name: str,
        legend: str = "",
        *,
        by: Sequence[str] = (),
        where: Sequence[str] = (),
        form: Form = "time_series",
    ) -> Query:
        """Ask a signal over the whole range of the panel, as it stands at its end; `where` are further matchers."""
        signal = SIGNALS[name]
        step = HOUR if signal.kind in _BY_THE_HOUR else 300
        over: Over = OverRange(_RANGE, step) if self._recorded and signal.recorded else _RANGE
        expr, free = self._asked(signal, over, by, where)
        if signal.of and self._recorded:  # until a whole hour has passed, the last one is all there is
            expr = f"{expr} or {self._asked(signal, HOUR, by, where)[0]}"
        return Query(expr, families_of(signal), legend or _legend(by), now=True, form=form, free=free)

    def daily(self, name: str, legend: str = "", *, by: Sequence[str] = ()) -> Query:
        """Ask a signal that rests on few items over a rolling day."""
        over: Over = OverRange("1d", HOUR) if self._recorded else "1d"
        expr, free = self._asked(SIGNALS[name], over, by)
        return Query(expr, families_of(SIGNALS[name]), legend or _legend(by), free=free)

    def buckets(self, name: str) -> Query:
        """Ask how the values behind a quantile or share were distributed, hour by hour."""
        signal = SIGNALS[name]
        where, free = self._where(signal)
        expr = summed(signal.numerator, HOUR if self._recorded else f"{HOUR}s", ("le",), where)
        return Query(expr, families_of(signal)[:1], "{{le}}", form="heatmap", step="1h", free=free)

    def _asked(
        self, signal: Signal, over: Over, by: Sequence[str], more: Sequence[str] = ()
    ) -> tuple[str, tuple[str, ...]]:
        where, free = self._where(signal)
        return expression(signal, over, by=by, where=(*where, *more)), free

    def _where(self, signal: Signal) -> tuple[list[str], tuple[str, ...]]:
        """Return the matchers for what the variables choose, and the variables that cannot narrow the signal."""
        matchers = [f'{label}=~"${label}"' for label in self._variables if label in signal.splits]
        free = tuple(label for label in self._variables if label in _NARROWING and label not in signal.splits)
        return matchers, free


def in_hours(query: Query) -> Query:
    """Return a query of seconds as one of hours."""
    return msgspec.structs.replace(query, expr=f"({query.expr}) / 3600")


def families_of(signal: Signal) -> tuple[str, ...]:
    """Return the metrics that a signal is made of."""
    terms = (*signal.numerator, *signal.denominator)
    return tuple(dict.fromkeys("up" if t.series == "up" else family_of(t.series)[0] for t in terms))


def _legend(by: Sequence[str]) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in by)
