"""The shape of a signal: a named quantity, the families it is made of, and by which labels it may be split.

How a signal becomes PromQL is `monitoring/promql/expressions.py`; the rules made from it are
`monitoring/alerts/recording_rules.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from monitoring.wording.units import Unit
from pipeline.metrics.family import Family

Kind = Literal["ratio", "mean", "quantile", "share", "gauge", "total", "low", "high"]
Good = Literal["high", "low", "neither"]
Function = Literal["increase", "sum_over_time", "count_over_time", "none"]
Where = tuple[tuple[str, tuple[str, ...]], ...]
JOB = "pipeline"  # the scrape job of the exporter


class Term(msgspec.Struct, frozen=True):
    """One summand: a series, the label values that count (`where`), and how it is taken over a window."""

    series: str
    where: Where = ()
    function: Function = "increase"


class Burn(msgspec.Struct, frozen=True):
    """What is said when the error budget of an objective over a signal burns.

    `alert`: its name. `events`: what the signal counts, as a word of many. `advice`: what to do first.
    """

    alert: str
    events: str
    advice: str


class Signal(msgspec.Struct, frozen=True):
    """A named quantity.

    ratio, mean: sum of `numerator` over sum of `denominator`, each summed apart. quantile: of the buckets in
    `numerator`, at `quantile`. share: observations above the bucket edge `edge`, of those in `denominator`. total: sum
    of `numerator` over a window. gauge: `numerator` as it stands. low, high: the ends of the 95 % interval of the ratio
    named `of`. `volume`: what `min_items` counts (the denominator unless said otherwise). `splits`: labels it may be
    split by. `plural`: the title is a plural. `burn`: what its objectives say, where they say something of their own.
    `domain` and `recorded`, whether recording rules keep it, are set by the
    Domain that it stands in.
    """

    name: str
    title: str
    help: str
    kind: Kind
    unit: Unit
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()
    volume: tuple[Term, ...] = ()
    good: Good = "neither"
    splits: tuple[str, ...] = ("job",)
    quantile: float = 0.0
    edge: float = 0.0
    of: str = ""
    plural: bool = False
    burn: Burn | None = None
    domain: str = ""
    recorded: bool = True

    @property
    def verb(self) -> str:
        """What follows the title in a sentence: mean quality is, time savings are."""
        return "are" if self.plural else "is"

    @property
    def is_scraped(self) -> bool:
        """Whether it counts scrapes: one a step for each target, whatever the traffic."""
        return any(term.function == "count_over_time" for term in self.denominator)

    @property
    def counted(self) -> tuple[Term, ...]:
        """What `min_items` counts over the window."""
        return self.volume or self.denominator


def ends(ratio: Signal) -> tuple[Signal, Signal]:
    """Return the ends of the interval of a ratio that counts independent items: how much so few of them can tell."""
    low, high = (
        msgspec.structs.replace(
            ratio,
            name=f"{ratio.name}_{kind}",
            title=f"{ratio.title} ({words})",
            help=f"{end} end of the 95 % interval of `{ratio.name}`, by Wilson's score (1927).",
            kind=kind,
            of=ratio.name,
        )
        for kind, words, end in (("low", "at least", "Lower"), ("high", "at most", "Upper"))
    )
    return low, high


def term(family: Family, **where: tuple[str, ...]) -> Term:
    """Return the term of a counter or gauge, narrowed to some values of its labels."""
    return Term(family.name, tuple(where.items()))


def sum_of(family: Family, **where: tuple[str, ...]) -> Term:
    """Return the term of the sum of what a histogram observed."""
    return Term(f"{family.name}_sum", tuple(where.items()))


def count_of(family: Family, **where: tuple[str, ...]) -> Term:
    """Return the term of how often a histogram observed something.

    With an edge below zero that is its last bucket: OpenMetrics has no count then.
    """
    if family.buckets and family.buckets[0] < 0:
        return buckets_of(family, **where, le=("+Inf",))
    return Term(f"{family.name}_count", tuple(where.items()))


def buckets_of(family: Family, **where: tuple[str, ...]) -> Term:
    """Return the term of a histogram's buckets."""
    return Term(f"{family.name}_bucket", tuple(where.items()))


def total(name: str, title: str, text: str, unit: Unit, grown: Term, **more: object) -> Signal:
    """Return the signal of what a counter (or the sum or count of a histogram) grew by over a window."""
    return Signal(name, title, text, "total", unit, (grown,), **more)  # type: ignore[arg-type]
