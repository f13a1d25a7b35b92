"""Input series for the tests of alerts: counters that hold a signal at a chosen value, phase after phase.

Everything is exact: increments are decimals, so that the value of a signal over any window is known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from monitoring.domains.series import edge_text, family_of
from monitoring.domains.signal import JOB, Signal, Term
from pipeline.domains import catalogue
from pipeline.metrics.family import Label

Atom = str  # one series with its labels
Increments = Mapping[Atom, Decimal]  # what each series grows by in a step; for gauges, what it stands at
_SECONDS_AN_ITEM = 60  # of time saved and spent
ANOTHER_JOB = 'up{job="another",instance="another:9100"}'  # is scraped too, and none of ours
_TARGET = {"job": JOB, "instance": "exporter:8000"}  # the labels that scraping adds


class Phase(msgspec.Struct, frozen=True):
    """`steps` evaluations long, every series growing by its increment at each."""

    steps: int
    increments: Increments


class Timeline:
    """Phases one after the other; knows every value of every series."""

    def __init__(self, phases: Sequence[Phase], step: int) -> None:
        self.phases = phases
        self.step = step  # s between two samples
        self.atoms = tuple(dict.fromkeys(atom for phase in phases for atom in phase.increments))
        self._samples = {atom: list(self._values(atom)) for atom in self.atoms}

    @property
    def length(self) -> int:
        """Return the number of samples of each series."""
        return 1 + sum(phase.steps for phase in self.phases)

    def input_series(self) -> list[dict[str, str]]:
        """Return the series in promtool's notation."""
        return [{"series": atom, "values": _notation(self._samples[atom])} for atom in self.atoms]

    def _values(self, atom: Atom) -> Iterable[Decimal]:
        value = Decimal(0)
        first = self.phases[0].increments.get(atom, Decimal(0))
        yield first if _is_gauge(atom) else value
        for phase in self.phases:
            increment = phase.increments.get(atom, Decimal(0))
            for _ in range(phase.steps):
                value = increment if _is_gauge(atom) else value + increment
                yield value


def _is_gauge(atom: Atom) -> bool:
    return atom.startswith("up{")


def _notation(values: Sequence[Decimal]) -> str:
    """Write values as runs of equal growth: `0+2x30 65+5x10`.

    promtool adds the growth up in floats; each run therefore begins where its float sum stands, because a counter that
    falls by a rounding error looks restarted.
    """
    parts: list[str] = []
    at, running = 0, float(values[0])
    while at < len(values):
        growth = values[at + 1] - values[at] if at + 1 < len(values) else Decimal(0)
        count = 0
        while at + count + 1 < len(values) and values[at + count + 1] - values[at + count] == growth:
            count += 1
        parts.append(f"{_plain(Decimal(repr(running)))}{'-' if growth < 0 else '+'}{_plain(abs(growth))}x{count}")
        for _ in range(count):
            running += float(growth)
        at += count + 1
        if at < len(values):
            running += float(values[at] - values[at - 1])
    return " ".join(parts)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def labels_of(term: Term, **labels: str) -> dict[str, str]:
    """Return the labels of one series of a term: those of `where` with their first value, the others with an example.

    `labels` go over both, where the series has them.
    """
    own: dict[str, str] = {}
    if term.series != "up":
        name, suffix = family_of(term.series)
        family = catalogue.family(name)
        own = {label: example_of(catalogue.label_of(family, label)) for label in family.labels}
        own |= {"le": ""} if suffix == "_bucket" else {}
    chosen = {**{name: allowed[0] for name, allowed in term.where}, **labels}
    return {name: chosen.get(name, example) for name, example in (own | _TARGET).items()}


def atom_of(term: Term, **labels: str) -> Atom:
    """Return one series of a term, with the labels of `labels_of`."""
    pairs = ",".join(f'{name}="{value}"' for name, value in labels_of(term, **labels).items())
    return f"{term.series}{{{pairs}}}"


def example_of(label: Label) -> str:
    """Return a value that a label may have: the one declared as an example, else the first known."""
    return label.example or (label.values[0] if label.values else "example")


def increments(signal: Signal, value: Decimal, count: Decimal, **labels: str) -> dict[Atom, Decimal]:
    """Return the increments of one step that hold `signal` at `value`, `count` items (scrapes) a step."""
    if signal.kind == "quantile":
        return _quantile(signal, value, count, **labels)
    if signal.is_scraped:
        return {atom_of(signal.numerator[0]): value}
    amount = count * _SECONDS_AN_ITEM if signal.volume else count
    found = {atom_of(term, **labels): count for term in signal.volume}
    if signal.kind == "mean":
        return found | {
            atom_of(signal.numerator[0], **labels): value * amount,
            atom_of(signal.denominator[0], **labels): amount,
        }
    if signal.kind == "share":
        below = atom_of(signal.numerator[0], le=edge_text(signal.edge), **labels)
        return {below: (1 - value) * amount, atom_of(signal.denominator[0], **labels): amount}
    return found | {
        atom_of(signal.numerator[0], **labels): value * amount,
        _rest(signal, **labels): (1 - value) * amount,
    }


def _rest(signal: Signal, **labels: str) -> Atom:
    """Return a series that counts in the denominator of a ratio but not in its numerator."""
    counted = signal.numerator[0]
    others = [term for term in signal.denominator if term.series != counted.series]
    if others:
        return atom_of(others[0], **labels)
    name, taken = counted.where[0]
    whole = dict(signal.denominator[0].where)
    possible = whole.get(name) or catalogue.label_of(catalogue.family(counted.series), name).values
    return atom_of(counted, **{**labels, name: next(v for v in possible if v not in taken)})


def _quantile(signal: Signal, value: Decimal, count: Decimal, **labels: str) -> dict[Atom, Decimal]:
    """Share the observations between the bucket that holds `value` and those below, so that the quantile is `value`."""
    term = signal.numerator[0]
    family = catalogue.family(family_of(term.series)[0])
    edges = [Decimal(0), *(Decimal(repr(edge)) for edge in family.buckets)]
    upper = next(i for i, edge in enumerate(edges) if value <= edge)
    within = (value - edges[upper - 1]) / (edges[upper] - edges[upper - 1])
    wanted = Decimal(repr(signal.quantile))
    below = max(Decimal(0), (wanted - within) / (1 - within)) if within < 1 else Decimal(0)
    found = {}
    for i, edge in enumerate(edges[1:], 1):
        share = Decimal(0) if i < upper - 1 else below if i == upper - 1 else Decimal(1)
        found[atom_of(term, le=edge_text(float(edge)), **labels)] = (share * count).quantize(Decimal("0.000001"))
    found[atom_of(term, le="+Inf", **labels)] = count
    return found | {atom_of(signal.denominator[0], **labels): count}
