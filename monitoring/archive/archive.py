"""The collected metrics of a window, read piece by piece: what `pipemeter snapshot` writes down.

Only the query API is used. Memory is bounded: a family is asked for at once while it is small, otherwise one label set
after the other and one stretch of time after the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import msgspec

from monitoring.domains.signal import JOB
from monitoring.servers.prometheus import PrometheusClient, RawSeries
from pipeline.domains import catalogue
from pipeline.metrics.family import Family, Kind

_AT_ONCE = 200_000  # samples in one answer: about 10 MB
_POINTS = 10_000  # of a range query; Prometheus refuses more than 11,000
_DAY = 86_400
LabelSet = tuple[tuple[str, str], ...]


class Archived(msgspec.Struct, frozen=True):
    """A family to be archived. `where`: matchers that narrow it to ours; `width`: series of one label set."""

    name: str
    kind: Kind
    help: str
    where: tuple[str, ...] = ()
    width: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its series."""
        suffixes = ("_bucket", "_count", "_sum") if self.kind == "histogram" else ("",)
        return tuple(self.name + suffix for suffix in suffixes)


def _archived(family: Family) -> Archived:
    width = len(family.buckets) + 3 if family.kind == "histogram" else 1  # +Inf, _count and _sum
    return Archived(family.name, family.kind, family.help, width=width)


_OTHERS = (
    Archived("up", "gauge", "1 if the exporter could be scraped, else 0.", (f'job="{JOB}"',)),
    Archived("ALERTS", "gauge", "1 while an alert is pending or fires.", ('domain!=""',)),
)


class Group(msgspec.Struct, frozen=True):
    """Some names of a family, and how many samples each of its label sets has, about.

    A unit is what is written together: all series of one label set. `le` is a label like others where the buckets are
    the only name.
    """

    family: Archived
    names: tuple[str, ...]
    units: dict[LabelSet, int]

    @property
    def samples(self) -> int:
        """About how many samples there are in all."""
        return sum(self.units.values())

    def unit_of(self, labels: Mapping[str, str]) -> LabelSet:
        """Return the unit that a series belongs to."""
        left_out = ("__name__",) if len(self.names) == 1 else ("__name__", "le")
        return tuple(sorted((name, value) for name, value in labels.items() if name not in left_out))


class Window(msgspec.Struct, frozen=True):
    """The time after `start` up to `end` (whole Unix seconds): every scrape, or one value every `step` seconds."""

    start: int
    end: int
    step: int | None = None

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.start


class Archive:
    """Reads our families from one server over one window."""

    def __init__(self, client: PrometheusClient, window: Window, at_once: int = _AT_ONCE) -> None:
        self._client, self._window, self._at_once = client, window, at_once

    async def groups(self, *, apart: bool = False) -> list[Group]:
        """Return what there is, in the order of the catalogue; `apart`: name by name. Raises PrometheusError."""
        asked = [
            (family, names)
            for family in (*map(_archived, catalogue.families()), *_OTHERS)
            for names in ([(name,) for name in family.names] if apart else [family.names])
        ]
        found = [await self._group(family, names) for family, names in asked]
        return [group for group in found if group.units]

    async def _group(self, family: Archived, names: tuple[str, ...]) -> Group:
        counted, where, width = names[0], family.where, 1
        if len(names) > 1:  # a histogram: each label set has one last bucket, and not always a count
            counted, where, width = f"{family.name}_bucket", (*family.where, 'le="+Inf"'), family.width
        asked = f"count_over_time({selector((counted,), where)}[{self._window.seconds}s])"
        empty = Group(family, names, {})
        units = {
            empty.unit_of(sample.labels): self._kept(sample.value) * width
            for sample in await self._client.query(asked, self._window.end)
        }
        return Group(family, names, dict(sorted(units.items())))

    def _kept(self, scrapes: float) -> int:
        step = self._window.step
        return round(min(scrapes, self._window.seconds / step) if step else scrapes)

    async def pieces(self, group: Group) -> AsyncIterator[tuple[LabelSet, list[RawSeries]]]:
        """Yield the group's samples unit by unit; several pieces of a unit follow each other in time.

        Raises PrometheusError.
        """
        if group.samples <= self._at_once and self._window.seconds <= _POINTS * (self._window.step or _DAY):
            by_unit: dict[LabelSet, list[RawSeries]] = {}
            for series in await self._fetch(selector(group.names, group.family.where), self._window):
                by_unit.setdefault(group.unit_of(series.labels), []).append(series)
            for unit, found in sorted(by_unit.items()):
                yield unit, found
            return
        labels = sorted({name for unit in group.units for name, _ in unit})
        for unit, samples in group.units.items():
            exact = [f"{name}={quoted(dict(unit).get(name, ''))}" for name in labels]  # also: no label beside them
            for stretch in self._stretches(samples):
                yield unit, await self._fetch(selector(group.names, (*group.family.where, *exact)), stretch)

    def _stretches(self, samples: int) -> Iterator[Window]:
        """Yield the window in stretches of about as many samples as are asked for at once."""
        window = self._window
        length = max(1, int(window.seconds * min(1.0, self._at_once / max(samples, 1))))
        if window.step:
            length = max(1, min(length // window.step, _POINTS)) * window.step
        for start in range(window.start, window.end, length):
            yield Window(start, min(start + length, window.end), window.step)

    async def _fetch(self, asked: str, window: Window) -> list[RawSeries]:
        if window.step is None:
            found = await self._client.query_raw(f"{asked}[{window.seconds}s]", window.end)
        else:
            first = (window.start // window.step + 1) * window.step
            if first > window.end:
                return []
            latest = f"last_over_time({asked}[{window.step}s])"
            found = await self._client.query_range_raw(latest, first, window.end, window.step)
        inside = (RawSeries(one.labels, [s for s in one.samples if s[0] > window.start]) for one in found)
        return sorted((one for one in inside if one.samples), key=lambda one: sorted(one.labels.items()))


def selector(names: Sequence[str], where: Sequence[str] = ()) -> str:
    """Return the selector of series by their names and matchers."""
    named = f'__name__="{names[0]}"' if len(names) == 1 else f'__name__=~"{"|".join(names)}"'
    return "{" + ", ".join((named, *where)) + "}"


def quoted(value: str) -> str:
    """Return a label value as PromQL and the exposition formats write it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
