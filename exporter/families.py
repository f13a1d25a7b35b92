"""One standard metric (Counter, Gauge, Summary, Histogram) as text that is only rewritten where a value changed.

A family is cut into shards of about five hundred lines. A shard keeps the numbers it last wrote, reads all present ones
in one list comprehension, and formats again only the children whose numbers differ. A shard is refreshed in one go,
without ever giving way to other tasks, and takes well under a millisecond unless everything in it is new.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, compress
from operator import is_, is_not
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, Summary, values
from prometheus_client.values import MutexValue

from exporter.expiry import Expiry, Touches
from exporter.textformat import (
    TextFormat,
    escape_value,
    exemplar_text,
    header,
    label_name,
    number,
    numbers,
    sample_name,
)

LINES_PER_SHARD = 500
_STANDARD = (Counter, Gauge, Summary, Histogram)
_GAUGE_SAMPLES = Gauge._child_samples


def is_standard(metric: object) -> bool:
    """Tell whether the metric is one whose inner make-up is known: no subclass, no callback, no shared memory."""
    return type(metric) in _STANDARD and values.ValueClass is MutexValue and "collect" not in vars(metric)


def has_callback(metric: Any) -> bool:
    """Tell whether any child of a gauge takes its value from a function (`set_function`)."""
    if type(metric) is not Gauge:
        return False
    samples = [child._child_samples.__func__ for child in _children(metric)]
    return samples.count(_GAUGE_SAMPLES) != len(samples)


def _children(metric: Any) -> list[Any]:
    if not metric._is_parent():
        return [metric]
    with metric._lock:
        return list(metric._metrics.values())


def _cells(child: Any) -> list[Any]:
    """Return the value cells of a child in the order of its lines (a histogram's sum comes last)."""
    if type(child) is Histogram:
        return [*child._buckets, child._sum]
    if type(child) is Summary:
        return [child._count, child._sum]
    return [child._value]


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
        self.header = header(name, metric._documentation, kind, metric._unit, text_format)
        self.created_header = header(name + "_created", metric._documentation, "gauge", "", text_format)
        self._created_name = sample_name(name + "_created", text_format)
        self._label_names = metric._labelnames
        self._bounds = metric._upper_bounds if kind == "histogram" else None
        self._bucket = sample_name(name + "_bucket", text_format)
        self._les = [f'le="{number(bound)}"' for bound in self._bounds or ()]
        self._has_sum = self._bounds is None or self._bounds[0] >= 0
        suffixes = {
            "counter": ["_total"],
            "gauge": [""],
            "summary": ["_count", "_sum"],
            "histogram": ["_count", "_sum"],
        }
        own = suffixes[kind] if self._has_sum else ["_count"]
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


class Shard:
    """Some children of a family: the numbers last seen, the text they made."""

    __slots__ = (
        "_touches",
        "blob",
        "cells",
        "children",
        "created",
        "created_blob",
        "exemplars",
        "layout",
        "parts",
        "raw",
    )

    def __init__(self, layout: Layout, children: Sequence[Any], expiry: Expiry | None = None) -> None:
        self.layout = layout
        self._touches = Touches(expiry) if expiry else None
        self.children: list[Any] = []
        self.cells: list[Any] = []
        self.parts: list[str] = []  # line start, value, line start, value, ...
        self.raw: list[float] = []
        self.exemplars: list[Any] = []
        self.created: list[float] = []
        self.blob = b""
        self.created_blob = b""
        self.extend(children)

    def extend(self, children: Sequence[Any]) -> None:
        """Take in further children; their lines get their values at the next refresh."""
        for child in children:
            self.cells += _cells(child)
            for start in self.layout.starts(child):
                self.parts += (start, "")
        self.children += children
        self.raw += [float("nan")] * (len(children) * self.layout.cell_count)
        self.exemplars += [None] * (len(self.cells) - len(self.exemplars)) if self.layout.exemplars else []
        self.created += [float("nan")] * len(children) if self.layout.has_created else []

    @property
    def room(self) -> int:
        """How many more children fit in."""
        return max(1, LINES_PER_SHARD // self.layout.line_count) - len(self.children)

    def is_zero(self, row: int) -> bool:
        """Tell whether a child has never counted anything."""
        width = self.layout.cell_count
        return not any(self.raw[row * width : (row + 1) * width])

    def refresh(self) -> None:
        """Bring the text up to date."""
        rows = self._update()
        if self._touches is not None:
            self._show(self._touches.note(self, rows))

    def _update(self) -> list[int]:
        """Write anew the rows (children by number) that changed, and return them."""
        raw = [cell._value for cell in self.cells]
        # list equality takes -0.0 for 0.0, and only gauges can hold both
        same = all(map(is_, raw, self.raw)) if self.layout.is_gauge else raw == self.raw
        rows = [] if same else self._differing(raw, self.raw, self.layout.cell_count)
        self.raw = raw
        rows = self._with_exemplars(rows) if self.layout.exemplars else rows
        rows = self._with_created(rows) if self.layout.has_created else rows
        if rows:
            self._write(rows)
            self.blob = "".join(self.parts).encode()
        return rows

    @staticmethod
    def _differing(new: Sequence[object], old: Sequence[object], width: int) -> list[int]:
        changed = compress(range(len(new)), map(is_not, new, old))
        return list(changed) if width == 1 else list(dict.fromkeys(i // width for i in changed))

    def _with_exemplars(self, rows: list[int]) -> list[int]:
        exemplars = [cell._exemplar for cell in self.cells]
        if not all(map(is_, exemplars, self.exemplars)):
            rows = sorted({*rows, *self._differing(exemplars, self.exemplars, self.layout.cell_count)})
        self.exemplars = exemplars
        return rows

    def _with_created(self, rows: list[int]) -> list[int]:
        created = [child._created for child in self.children]
        changed = self._differing(created, self.created, 1)
        self.created = created
        if changed and not self.layout.inline_created:
            self.created_blob = self._created_text().encode()
        return sorted({*rows, *changed}) if changed and self.layout.inline_created else rows

    def _created_text(self, rows: Iterable[int] | None = None) -> str:
        layout, rows = self.layout, range(len(self.children)) if rows is None else list(rows)
        starts = [layout.created_start(layout.label_text(self.children[row])) for row in rows]
        return "".join(chain.from_iterable(zip(starts, numbers([self.created[row] for row in rows]), strict=True)))

    def _show(self, rows: Sequence[int]) -> None:
        """Keep only these rows in the text that is handed out."""
        size = 2 * self.layout.line_count
        self.blob = "".join(chain.from_iterable(self.parts[row * size : (row + 1) * size] for row in rows)).encode()
        if self.layout.has_created and not self.layout.inline_created:
            self.created_blob = self._created_text(rows).encode()

    def _write(self, rows: list[int]) -> None:
        """Format the values of these rows and put them in their places."""
        layout, lines = self.layout, self.layout.line_count
        if lines == 1 and len(rows) * 2 > len(self.children) and not layout.exemplars:
            self.parts[1::2] = numbers(self.raw)
            return
        texts = numbers(list(chain.from_iterable(map(self._row_values, rows))))
        for position, row in enumerate(rows):
            mine = texts[position * lines : (position + 1) * lines]
            if layout.exemplars:
                self._add_exemplars(row, mine)
            self.parts[2 * row * lines + 1 : 2 * (row + 1) * lines : 2] = mine

    def _row_values(self, row: int) -> Sequence[float]:
        width = self.layout.cell_count
        values = self.layout.values(self.raw[row * width : (row + 1) * width])
        return [*values, self.created[row]] if self.layout.inline_created else values

    def _add_exemplars(self, row: int, texts: list[str]) -> None:
        width = self.layout.cell_count
        for i, exemplar in enumerate(self.exemplars[row * width : (row + 1) * width]):
            if exemplar is not None:
                texts[i] += exemplar_text(exemplar)


class Family:
    """A standard metric in one text format, kept up to date shard by shard."""

    def __init__(self, metric: Any, text_format: TextFormat, created: bool, expiry: Expiry | None = None) -> None:
        self.metric = metric
        self._expiry = expiry
        self.layout = Layout(metric, text_format, created)
        self.created = created
        self._lock = threading.Lock()
        self._changes = 0
        self._children: list[Any] = []
        self._shards: list[Shard] = []

    def fits(self, created: bool) -> bool:
        """Tell whether what was laid out still holds (help text and `_created` can be changed from outside)."""
        return self.created == created and self.layout.documentation == self.metric._documentation

    def _catch_up(self) -> Iterator[None]:
        """Take in the children that are new since the last scrape, some at a time."""
        children: list[Any] = []
        seen = -1
        while True:
            with self._lock:
                if seen != self._changes:  # at the beginning, and when another rendering was here meanwhile
                    children = _children(self.metric)
                    self._drop_removed(children)
                if len(self._children) >= len(children):
                    return
                self._append(children)
                self._changes += 1
                seen = self._changes
            yield

    def _is_continued_by(self, children: list[Any]) -> bool:
        known = len(self._children)
        return (children[:known] if len(children) > known else children) == self._children

    def _drop_removed(self, children: list[Any]) -> None:
        """Rebuild the shards that lost a child; a removed and re-added one stands at the end, as in the registry."""
        if self._is_continued_by(children):
            return
        alive = set(map(id, children))
        kept = [[child for child in shard.children if id(child) in alive] for shard in self._shards]
        self._shards = [
            shard if len(left) == len(shard.children) else Shard(self.layout, left, self._expiry)
            for shard, left in zip(self._shards, kept, strict=True)
            if left
        ]
        self._children = list(chain.from_iterable(kept))
        if not self._is_continued_by(children):
            self._shards, self._children = [], []

    def _append(self, children: list[Any]) -> None:
        """Fill one shard with the next children."""
        if not self._shards or self._shards[-1].room <= 0:
            self._shards.append(Shard(self.layout, (), self._expiry))
        known = len(self._children)
        taken = children[known : known + self._shards[-1].room]
        self._shards[-1].extend(taken)
        self._children += taken

    def pieces(self) -> Iterator[bytes]:
        """Yield the family's text, in the registry's order; after each piece the caller may give way to others."""
        for _ in self._catch_up():
            yield b""
        with self._lock:
            shards = tuple(self._shards)
        yield self.layout.header.encode()
        for shard in shards:
            yield self._refreshed(shard)
        yield b"\n"
        if shards and self.layout.has_created and not self.layout.inline_created:
            yield self.layout.created_header.encode()
            yield from (shard.created_blob for shard in shards)
            yield b"\n"

    def _refreshed(self, shard: Shard) -> bytes:
        with self._lock:
            shard.refresh()
            return shard.blob
