"""The shape of a standard metric's lines: the names of its samples, and how a child's numbers become them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import Histogram, Summary

from exporter.text.textformat import TextFormat, escape_value, header, label_name, number, sample_name


def cells_of(child: Any) -> list[Any]:
    """Return the value cells of a child in the order of its lines (a histogram's sum comes last)."""
    if type(child) is Histogram:
        return [*child._buckets, child._sum]
    if type(child) is Summary:
        return [child._count, child._sum]
    return [child._value]


_SUFFIXES = {
    "counter": ["_total"],
    "gauge": [""],
    "summary": ["_count", "_sum"],
    "histogram": ["_count", "_sum"],
}


class Layout:
    """The shape of a family's lines: the names of its samples, and how a child's numbers become them."""

    def __init__(self, metric: Any, text_format: TextFormat, created: bool) -> None:
        name, kind = metric._name, metric._type
        self.name = name
        self.documentation = metric._documentation
        self.has_created = created and kind != "gauge"
        self.inline_created = self.has_created and text_format is TextFormat.OPENMETRICS
        self.exemplars = text_format is TextFormat.OPENMETRICS and kind in ("counter", "histogram")
        self.is_gauge = kind == "gauge"
        self.header = header(name, metric._documentation, kind, metric._unit, text_format).encode()
        self.created_header = b""
        if self.has_created:
            self.created_header = header(f"{name}_created", metric._documentation, "gauge", "", text_format).encode()
            self._created_name = sample_name(name + "_created", text_format)
        positions = {label: position for position, label in enumerate(metric._labelnames)}
        self._labels = [(label_name(label), position) for label, position in sorted(positions.items())]
        before = sum(label < "le" for label in positions)
        self._labels_before_le, self._labels_after_le = self._labels[:before], self._labels[before:]
        self._bounds = metric._upper_bounds if kind == "histogram" else None
        self._bucket = sample_name(name + "_bucket", text_format) if self._bounds else ""
        self._les = [f'le="{number(bound)}"' for bound in self._bounds or ()]
        self._has_sum = self._bounds is None or self._bounds[0] >= 0
        # with a bucket below zero there is no sum, and in OpenMetrics no count either: `_bucket{le="+Inf"}` says it
        self._has_count = self._has_sum or text_format is TextFormat.CLASSIC
        own = _SUFFIXES[kind] if self._has_sum else ["_count"] if self._has_count else []
        self._plain = [sample_name(name + suffix, text_format) for suffix in own]
        self.cell_count = len(self._les) + 1 if self._bounds else len(own)
        self.value_count = len(self._les) + len(own)
        self.line_count = self.value_count + self.inline_created

    def starts(self, child: Any) -> list[str]:
        """Return the beginnings of a child's lines, from the newline before to the blank before the value."""
        labels = self.label_text(child)
        lines = self._bucket_starts(child._labelvalues) if self._bounds else []
        lines += [f"\n{name}{labels} " for name in self._plain]
        if self.inline_created:
            lines.append(self.created_start(labels))
        return lines

    def _bucket_starts(self, values: Sequence[str]) -> list[str]:
        """Do the same for buckets, whose `le` stands among the labels by its name."""
        low, high = _written(self._labels_before_le, values), _written(self._labels_after_le, values)
        before = f"\n{self._bucket}{{{low}," if low else f"\n{self._bucket}{{"
        after = f",{high}}} " if high else "} "
        return [f"{before}{le}{after}" for le in self._les]

    def created_start(self, labels: str) -> str:
        """Return the beginning of a `_created` line."""
        return f"\n{self._created_name}{labels} "

    def label_text(self, child: Any) -> str:
        """Return a child's labels with their braces, or nothing."""
        return f"{{{_written(self._labels, child._labelvalues)}}}" if self._labels else ""

    def values(self, raw: Sequence[float]) -> Sequence[float]:
        """Return the numbers of a child's lines from those of its cells (buckets are summed up)."""
        if self._bounds is None:
            return raw
        cumulated = list(accumulate(raw[:-1], initial=0.0))[1:]
        if self._has_count:
            cumulated.append(cumulated[-1])
        if self._has_sum:
            cumulated.append(raw[-1])
        return cumulated


def _written(labels: Sequence[tuple[str, int]], values: Sequence[str]) -> str:
    """Write labels (name, position of the value) in order."""
    return ",".join([f'{name}="{escape_value(values[position])}"' for name, position in labels])
