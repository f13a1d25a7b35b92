"""Archived metrics as text: OpenMetrics, which `promtool` makes blocks from, and JSON for those who script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from monitoring.archive.archive import Archived, Group, LabelSet, Window, quoted
from monitoring.servers.prometheus import RawSeries

Write = Callable[[str], None]
_SUFFIXES = ("_bucket", "_count", "_sum")  # in the order of an exposition


class Text(Protocol):
    """A format. Pieces of a unit come one after the other, units group by group."""

    apart: bool  # whether every name is a group by itself

    def begin(self, window: Window) -> None:
        """Write what stands first."""

    def group(self, group: Group) -> None:
        """Begin a group."""

    def piece(self, unit: LabelSet, found: Sequence[RawSeries]) -> None:
        """Write a piece of a unit."""

    def end(self) -> None:
        """Write what stands last."""


class OpenMetricsText:
    """OpenMetrics 1.0 with timestamps. A histogram's samples stand together scrape by scrape, as the format asks."""

    apart = False

    def __init__(self, write: Write) -> None:
        self._write = write
        self._group: Group | None = None

    def begin(self, window: Window) -> None:
        """Write nothing: the format has no head."""

    def group(self, group: Group) -> None:
        """Write type and help of a family."""
        self._group = group
        family = group.family
        name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
        escaped = quoted(family.help)[1:-1]
        self._write(f"# TYPE {name} {family.kind}\n# HELP {name} {escaped}\n")

    def piece(self, unit: LabelSet, found: Sequence[RawSeries]) -> None:  # noqa: ARG002 - every line says its labels
        """Write the samples; those of a histogram in the order of time, then as an exposition has them."""
        heads = [(head_of(series.labels), series) for series in sorted(found, key=_place)]
        if len(heads) == 1:
            head, series = heads[0]
            self._write("".join([f"{head} {value} {at:.3f}\n" for at, value in series.samples]))
            return
        lines = [
            (at, place, f"{head} {value} {at:.3f}\n")
            for place, (head, series) in enumerate(heads)
            for at, value in series.samples
        ]
        self._write("".join([line for _, _, line in sorted(lines)]))

    def end(self) -> None:
        """Write the mark without which the text is not whole."""
        self._write("# EOF\n")


class JsonText:
    """One JSON document; series as Prometheus' API has them: `{"metric": {...}, "values": [[time, "value"], ...]}`."""

    apart = True

    def __init__(self, write: Write) -> None:
        self._write = write
        self._family: Archived | None = None
        self._unit: LabelSet | None = None  # whose series is open
        self._first = True  # of its family

    def begin(self, window: Window) -> None:
        """Write what the document is about."""
        about = {"format": "pipemeter-snapshot", "version": 1, "start": window.start, "end": window.end}
        self._write(_json({**about, "step": window.step})[:-1] + ',"families":[')

    def group(self, group: Group) -> None:
        """Begin a family, unless it is another name of the same one."""
        self._close_series()
        family = group.family
        if family == self._family:
            return
        self._write("]},\n" if self._family else "\n")
        about = {"name": family.name, "type": family.kind, "help": family.help}
        self._write(_json(about)[:-1] + ',"series":[')
        self._family, self._first = family, True

    def piece(self, unit: LabelSet, found: Sequence[RawSeries]) -> None:
        """Write one series, or more of it."""
        for series in found:
            more = unit == self._unit
            if not more:
                self._close_series()
                self._write("\n" if self._first else ",\n")
                self._write(_json({"metric": dict(sorted(series.labels.items()))})[:-1] + ',"values":[')
                self._unit, self._first = unit, False
            self._write(("," if more else "") + _json(series.samples)[1:-1])

    def end(self) -> None:
        """Close the document."""
        self._close_series()
        self._write(("]}" if self._family else "") + "]}\n")

    def _close_series(self) -> None:
        if self._unit is not None:
            self._write("]}")
        self._unit = None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _place(series: RawSeries) -> tuple[int, float]:
    name = series.labels["__name__"]
    place = next((n for n, suffix in enumerate(_SUFFIXES) if name.endswith(suffix)), 0)
    return place, float(series.labels.get("le", 0))


def head_of(labels: dict[str, str]) -> str:
    """Return name and labels as an exposition writes them."""
    inside = ",".join(f"{name}={quoted(value)}" for name, value in sorted(labels.items()) if name != "__name__")
    return labels["__name__"] + (f"{{{inside}}}" if inside else "")
