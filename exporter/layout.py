"""The shape of a standard metric's lines: the names of its samples, and how a child's numbers become them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import Histogram, Summary

from exporter.textformat import TextFormat, escape_value, header, label_name, number, sample_name


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
        self._label_names = metric._labelnames
        self._bounds = metric._upper_bounds if kind == "histogram" else None
        self._bucket = sample_name(name + "_bucket", text_format) if self._bounds else ""
        self._les = [f'le="{number(bound)}"' for bound in self._bounds or ()]
        self._has_sum = self._bounds is None or self._bounds[0] >= 0
        own = _SUFFIXES[kind] if self._has_sum else ["_count"]
        self._plain = [sample_name(name + suffix, text_format) for suffix in own]
        self.cell_count = len(self._les) + 1 if self._bounds else len(own)
        self.value_count = len(self._les) + len(own)
        self.line_count = self.value_count + self.inline_created

    def starts(self, child: Any) -> list[str]:
        """Return the beginnings of a child's lines, from the newline before to the blank before the value."""
        low, high = self._labels(child)
        both = ",".join(filter(None, (low, high)))
        labels = f"{{{both}}}" if both else ""
        before = f"\n{self._bucket}{{{low}," if low else f"\n{self._bucket}{{"
        after = f",{high}}} " if high else "} "
        lines = [f"{before}{le}{after}" for le in self._les]
        lines += [f"\n{name}{labels} " for name in self._plain]
        if self.inline_created:
            lines.append(self.created_start(labels))
        return lines

    def created_start(self, labels: str) -> str:
        """Return the beginning of a `_created` line."""
        return f"\n{self._created_name}{labels} "

    def label_text(self, child: Any) -> str:
        """Return a child's labels with their braces, or nothing."""
        both = ",".join(filter(None, self._labels(child)))
        return f"{{{both}}}" if both else ""

    def _labels(self, child: Any) -> tuple[str, str]:
        """Return the labels that sort before and after `le`."""
        pairs = sorted(dict(zip(self._label_names, child._labelvalues, strict=False)).items())
        written = [(name, f'{label_name(name)}="{escape_value(value)}"') for name, value in pairs]
        low = ",".join(text for name, text in written if name < "le")
        return low, ",".join(text for name, text in written if name >= "le")

    def values(self, raw: Sequence[float]) -> Sequence[float]:
        """Return the numbers of a child's lines from those of its cells (buckets are summed up)."""
        if self._bounds is None:
            return raw
        cumulated = list(accumulate(raw[:-1], initial=0.0))[1:]
        cumulated.append(cumulated[-1])
        if self._has_sum:
            cumulated.append(raw[-1])
        return cumulated
