"""Some children of a metric as text, rewritten only where a value changed.

A shard keeps the numbers it last wrote, reads all present ones in one list comprehension, and formats again only the
children whose numbers differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, compress
from operator import is_, is_not
from typing import Any

from exporter.text.expiry import Expiry, Touches
from exporter.text.layout import Layout, cells_of
from exporter.text.textformat import exemplar_text, numbers

LINES_PER_SHARD = 500


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
            self.cells += cells_of(child)
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

    def refresh(self) -> bool:
        """Bring the text up to date; False when it still is what it was."""
        created, blob = self.created_blob, self.blob
        rows = self._update()
        if self._touches is not None:
            self._show(self._touches.note(len(self.children), rows, self.is_zero))
        return self.blob is not blob or self.created_blob is not created

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
