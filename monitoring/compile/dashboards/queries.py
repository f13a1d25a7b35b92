"""PromQL of what panels ask, narrowed by the variables of their board."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from monitoring.compile.dashboards.scales import target_of
from monitoring.compile.vocabulary import TARGET_LABELS, foreign_series
from monitoring.domains.ask import AnyAsk, Ask, Joined, PromQL, TargetOr
from monitoring.domains.board import Kind
from monitoring.domains.catalogue import signal
from monitoring.domains.series import family_of
from monitoring.domains.signal import Signal
from monitoring.domains.variable import Variable
from monitoring.promql.expressions import Over, OverRange, expression, selector, summed
from monitoring.targets.targets import Targets
from pipeline.domains import catalogue

Form = Literal["time_series", "table", "heatmap"]

HOUR = 3600
_BUCKETS_STEP = "5m"  # least step of quantiles over time: buckets are many
_BY_THE_HOUR = ("quantile", "share", "low", "high")  # buckets are recorded so; ends would be dear in smaller steps
_AT_THE_END: tuple[Kind, ...] = ("number", "ranking", "table")
_FORMS: dict[Over, Form] = {"buckets": "heatmap"}


class Query(msgspec.Struct, frozen=True):
    """One PromQL query. `families`: metrics it rests on; `free`: variables of the board that do not narrow it.

    `legend`: name of its series, in tables the title of its column (none: left out). `now`: asked once, at the end of
    the range. `step`: the least step. `exemplars`: show only single items as dots.
    """

    expr: str
    families: tuple[str, ...]
    legend: str = ""
    now: bool = False
    form: Form = "time_series"
    step: str = ""
    free: tuple[Variable, ...] = ()
    exemplars: bool = False


class Queries:
    """Makes the queries of one board, whose variables it knows.

    `recorded` False asks the raw families instead of the recorded sums: slow, and what the benchmark compares with.
    """

    def __init__(self, targets: Targets, variables: Sequence[Variable], *, recorded: bool = True) -> None:
        self._targets = targets
        self._variables = tuple(variables)
        self._recorded = recorded

    def query(self, ask: AnyAsk, kind: Kind) -> Query:
        """Return what an ask of a panel of that kind is.

        Raises LookupError for a signal or a metric that nobody declared, ValueError for a label that a signal may not
        be split by.
        """
        if isinstance(ask, Ask):
            found = self._signal(ask)
        elif isinstance(ask, Joined):
            found = self._joined(ask)
        else:
            found = self._text(ask)
        form = "table" if kind == "table" else found.form
        return msgspec.structs.replace(found, now=kind in _AT_THE_END, form=form)

    def _signal(self, ask: Ask) -> Query:
        asked = signal(ask.signal)
        recorded = self._recorded and asked.recorded
        matchers, free = self._narrowed(asked)
        if ask.where:
            matchers.append(selector(tuple(ask.where.items()))[1:-1])
        families, form, step = families_of(asked), _FORMS.get(ask.over, "time_series"), ask.step
        if ask.over == "buckets":
            expr = summed(asked.numerator, HOUR if recorded else f"{HOUR}s", ("le",), matchers)
            return Query(expr, families[:1], "{{le}}", form=form, step=step or "1h", free=free)
        expr = expression(asked, self._over(ask, asked), by=ask.by, where=matchers)
        if ask.over == "whole" and asked.of and recorded:  # until a whole hour has passed, the last one is all there is
            expr = f"{expr} or {expression(asked, HOUR, by=ask.by, where=matchers)}"
        if ask.over == "rolling" and asked.kind == "quantile":
            step = step or _BUCKETS_STEP
        return Query(ask.made.replace("@", expr), families, self._legend(ask), form=form, step=step, free=free)

    def _over(self, ask: Ask, asked: Signal) -> Over:
        recorded = self._recorded and asked.recorded
        if ask.over == "rolling":
            window = window_of(ask, self._targets)
            return window if recorded else f"{window}s"
        span = "1d" if ask.over == "daily" else "$__range"
        step = HOUR if ask.over == "daily" or asked.kind in _BY_THE_HOUR else 300
        return OverRange(span, step) if recorded else span

    def _legend(self, ask: Ask) -> str:
        if isinstance(ask.legend, TargetOr):
            return target_of(ask.signal, self._targets, ask.legend.words)
        return ask.legend or " ".join(f"{{{{{label}}}}}" for label in ask.by)

    def _joined(self, ask: Joined) -> Query:
        parts = [self._signal(one) for one in ask.asks]
        expr = re.sub(r"@(\d)", lambda match: parts[int(match[1]) - 1].expr, ask.text)
        families = tuple(dict.fromkeys(name for part in parts for name in part.families))
        return Query(expr, families, ask.legend)

    def _text(self, ask: PromQL) -> Query:
        expr = ask.text
        if "{@" in expr:
            carried = labels_of(ask.families)
            matchers = ",".join(_chosen(one) for one in self._variables if one.name in carried)
            expr = expr.replace("{@", "{" + matchers)
        return Query(expr, ask.families, ask.legend, step=ask.step, exemplars=ask.exemplars)

    def _narrowed(self, asked: Signal) -> tuple[list[str], tuple[Variable, ...]]:
        """Return the matchers for what the variables choose, and the variables that cannot narrow the signal."""
        matchers = [_chosen(one) for one in self._variables if one.name in asked.splits]
        return matchers, tuple(x for x in self._variables if x.name not in asked.splits and not x.everywhere)


def window_of(ask: Ask, targets: Targets) -> int:
    """Return the rolling window of a signal in seconds: that of its alerts, an hour where it has none."""
    bands = targets.bands.get(signal(ask.signal).of or ask.signal)
    return bands.window if bands else HOUR


def families_of(signal: Signal) -> tuple[str, ...]:
    """Return the metrics that a signal is made of."""
    terms = (*signal.numerator, *signal.denominator)
    return tuple(dict.fromkeys("up" if t.series == "up" else family_of(t.series)[0] for t in terms))


def labels_of(families: Sequence[str]) -> frozenset[str]:
    """Return the labels that all of these metrics have, those that Prometheus adds among them. Raises LookupError."""
    foreign = foreign_series()
    declared = [frozenset(foreign[name] if name in foreign else catalogue.family(name).labels) for name in families]
    return frozenset(TARGET_LABELS) | (frozenset.intersection(*declared) if declared else frozenset())


def _chosen(variable: Variable) -> str:
    return f'{variable.name}=~"${variable.name}"'
