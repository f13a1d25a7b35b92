"""Pushed families as text: in the classic format as they were pushed, in OpenMetrics as far as that can say it.

OpenMetrics is stricter: a counter's name ends in `_total`, a histogram is complete, and a family's name with any of its
suffixes belongs to it alone. What does not fit is written as families of unknown type, one for each sample name: sample
for sample it says what the classic text says, and any strict reader takes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from math import inf, isnan

import msgspec

from exporter.pushgateway.pushed import Sample
from exporter.text.textformat import escape_value, numbers

NO_HELP = "Pushed by a job, without a HELP of its own."
_RESERVED = {
    "counter": ("", "_total", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
    "histogram": ("", "_count", "_sum", "_bucket", "_created"),
}
_EDGE = {"histogram": "le", "summary": "quantile"}
Labels = tuple[tuple[str, str], ...]


class Shown(msgspec.Struct, frozen=True):
    """A family as it is shown, its samples from all groups. `name` and `kind` are those of the format at hand."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]

    @property
    def reserved(self) -> set[str]:
        """The names that belong to an OpenMetrics family."""
        return {self.name + suffix for suffix in _RESERVED.get(self.kind, ("",))}


def classic(family: Shown) -> bytes:
    """Write a family in the classic format."""
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.kind}\n{_lines(family.samples)}".encode()


def openmetrics(family: Shown) -> bytes:
    """Write an OpenMetrics family."""
    text = escape_value(family.help)
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.kind}\n{_lines(family.samples)}".encode()


def _lines(samples: Sequence[Sample]) -> str:
    texts = numbers([sample.value for sample in samples])
    return "".join(f"{sample.name}{{{_labels(sample)}}} {text}\n" for sample, text in zip(samples, texts, strict=True))


def _labels(sample: Sample) -> str:
    return ",".join(f'{name}="{escape_value(value)}"' for name, value in sorted(sample.labels.items()))


def in_openmetrics(families: Iterable[Shown], foreign: AbstractSet[str] = frozenset()) -> list[Shown]:
    """Return classic families as OpenMetrics has them, in order. `foreign`: names that others hold."""
    found = {family.name: family for family in families}
    strict: dict[str, Shown] = {}
    folded: dict[str, str] = {}  # gauge that tells when a family was created -> that family
    for name, family in found.items():
        base = name.removesuffix("_total") if family.kind == "counter" else name
        created = found.get(f"{base}_created")
        spoken = _strict(family, base, created if created and created.kind == "gauge" else None)
        if spoken is not None:
            strict[name] = spoken
            if created and any(sample.name == created.name for sample in spoken.samples):
                folded[created.name] = name
    holders = _holders(found, strict, folded)
    fits = {
        name
        for name, spoken in strict.items()
        if spoken.kind not in _RESERVED
        or (not spoken.reserved & foreign and all(holders[n] == {name} for n in spoken.reserved))
    }
    said: list[Shown] = []
    for name, family in found.items():
        if name in fits and folded.get(name) not in fits:
            said.append(strict[name])
        elif name not in fits:
            said += _unknown(family)
    return said


def _holders(
    found: Mapping[str, Shown], strict: Mapping[str, Shown], folded: Mapping[str, str]
) -> Mapping[str, set[str]]:
    """Return which families hold each name: by their samples and, where they are written with their type, by that."""
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for name, family in found.items():
        owner = folded.get(name, name)
        for each in {sample.name for sample in family.samples} | (strict[name].reserved if name in strict else set()):
            holders[each].add(owner)
    return holders


def _unknown(family: Shown) -> Iterator[Shown]:
    for name in dict.fromkeys(sample.name for sample in family.samples):
        yield Shown(name, "unknown", family.help, [sample for sample in family.samples if sample.name == name])


def _strict(family: Shown, base: str, created: Shown | None) -> Shown | None:
    """Return the family with its type, its samples in order; None if OpenMetrics has no such thing."""
    if family.kind == "gauge":
        return Shown(base, "gauge", family.help, family.samples)
    if family.kind == "untyped" or (family.kind == "counter" and base in (family.name, "")):
        return Shown(family.name, "unknown", family.help, family.samples)
    edge, edged = _EDGE.get(family.kind, ""), f"{base}_bucket" if family.kind == "histogram" else base
    rows: dict[Labels, list[Sample]] = {}
    for sample in family.samples:
        rows.setdefault(_row(sample, edge if sample.name == edged else ""), []).append(sample)
    check = {"counter": _is_counter, "histogram": _is_histogram, "summary": _is_summary}[family.kind]
    if not all(check(base, row) for row in rows.values()):
        return None
    births = {_row(sample, ""): sample for sample in created.samples} if created else {}
    if births.keys() <= rows.keys() and births:
        for labels, sample in births.items():
            rows[labels].append(sample)
    return Shown(base, family.kind, family.help, [sample for row in rows.values() for sample in row])


def _row(sample: Sample, edge: str) -> Labels:
    return tuple(sorted((name, value) for name, value in sample.labels.items() if name != edge))


def _is_counter(base: str, row: Sequence[Sample]) -> bool:
    return all(sample.name == f"{base}_total" and sample.value >= 0 for sample in row)


def _is_histogram(base: str, row: list[Sample]) -> bool:
    """Check one histogram, and put its buckets in order."""
    try:
        row.sort(key=lambda sample: (sample.name != f"{base}_bucket", float(sample.labels.get("le", "nan"))))
        edges = [float(sample.labels["le"]) for sample in row if sample.name == f"{base}_bucket"]
    except (KeyError, ValueError):
        return False
    counts = [sample.value for sample in row if sample.name == f"{base}_bucket"]
    others = {sample.name: sample.value for sample in row[len(counts) :]}
    count, total = others.get(f"{base}_count"), others.get(f"{base}_sum")
    return (
        bool(edges)
        and edges[-1] == inf
        and row[len(edges) - 1].labels["le"] == "+Inf"
        and all(low < high for low, high in pairwise(edges))
        and all(_is_count(value) for value in counts)
        and counts == sorted(counts)
        and (count is None) == (total is None)
        and (count is None or count == counts[-1])
        and (total is None or (total >= 0 and edges[0] >= 0))
    )


def _is_summary(base: str, row: Sequence[Sample]) -> bool:
    try:
        edges = [float(sample.labels["quantile"]) for sample in row if sample.name == base]
    except (KeyError, ValueError):
        return False
    values = {sample.name: sample.value for sample in row}
    return (
        all(0 <= edge <= 1 for edge in edges)
        and all(isnan(sample.value) or sample.value >= 0 for sample in row if sample.name == base)
        and _is_count(values.get(f"{base}_count", 0.0))
        and values.get(f"{base}_sum", 0.0) >= 0
    )


def _is_count(value: float) -> bool:
    return value >= 0 and value.is_integer()
