"""Metrics of batch jobs, pushed as to a Pushgateway: the last value wins, kept by the same journal.

`PUT` replaces a group, `POST` the families of the same name, `DELETE` removes the group. What cannot be exposed
together with all the rest (another type, a series of another group, a name of ours, too many series) is refused whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from exporter.errors import ApiError
from exporter.pushgateway.declared import SUFFIXES
from exporter.pushgateway.grouping import Group, refused, shown
from exporter.pushgateway.pushed import (
    PUSH_FAILURE_TIME,
    PUSH_TIME,
    Push,
    Pushed,
    Sample,
    SeriesKey,
    key_of,
    upgraded,
)
from exporter.pushgateway.pushed_text import NO_HELP, Shown, classic, in_openmetrics, openmetrics
from exporter.text.textformat import TextFormat

_TIMES = {
    PUSH_TIME: "Last Unix time when this group was pushed to.",
    PUSH_FAILURE_TIME: "Last Unix time when a push to this group failed.",
}


class GroupState(msgspec.Struct):
    """The families of one grouping key; when it was last pushed to, and last in vain (Unix seconds, 0 never)."""

    group: Group
    families: dict[str, Pushed] = {}
    pushed_at: float = 0.0
    failed_at: float = 0.0


class PushStore:
    """All groups; a collector of the exporter's registry that keeps its own text."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        max_series: int,
        expiry_seconds: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._max_series = max_series
        self._expiry = expiry_seconds
        self._clock = clock
        self._groups: dict[Group, GroupState] = {}
        self._owners: dict[SeriesKey, Group] = {}  # of every pushed series
        self._classic: dict[str, bytes] = {}  # texts, by family
        self._openmetrics: list[bytes] | None = None

    @property
    def series(self) -> int:
        """How many series are held, those about the pushes themselves included."""
        return sum(2 + _count(state.families.values()) for state in self._groups.values())

    def check(self, push: Push) -> None:
        """Raise ApiError when a push cannot be exposed together with what is there."""
        if push.action == "DELETE":
            return
        before = self._groups.get(push.group)
        kept = {} if before is None or push.action == "PUT" else before.families
        replaced = 0 if before is None else 2 + _count(before.families.values())
        after = {**kept, **{family.name: family for family in push.families}}
        if self.series - replaced + 2 + _count(after.values()) > self._max_series:
            message = f"more than {self._max_series} pushed series; delete groups that are no longer needed"
            raise ApiError(413, "too_large", message, limit=self._max_series)
        self._check_group(push.group)
        holders = {name: (family, state.group) for state in self._groups.values() if state.group != push.group
                   for family in state.families.values() for name in _names(family)}  # fmt: skip
        holders |= {name: (family, push.group) for family in kept.values() if after[family.name] is family
                    for name in _names(family)}  # fmt: skip
        for family in push.families:
            if _names(family) & self._registry._names_to_collectors.keys():
                raise refused(f"{family.name} is a metric of the exporter itself")
            for name in sorted(_names(family)):
                _check_beside(family, push.group, *holders.setdefault(name, (family, push.group)))
            self._check_series(family, push.group)

    def _check_group(self, group: Group) -> None:
        """Refuse a group that differs from another only by labels without a value: to Prometheus they are one."""
        for other in self._groups if group not in self._groups else ():
            if {pair for pair in other if pair[1]} == {pair for pair in group if pair[1]}:
                raise refused(f"the groups {shown(group)} and {shown(other)} are the same series to Prometheus")

    def _check_series(self, family: Pushed, group: Group) -> None:
        for sample in family.samples:
            owner = self._owners.get(key_of(sample), group)
            if owner != group:
                here, there = shown(group), shown(owner)
                raise refused(f"a series of {sample.name} in the group {here} is in the group {there} already")

    def apply(self, push: Push, at: float) -> None:
        """Do what a push says."""
        state = self._groups.get(push.group, GroupState(push.group, {}))
        replaced = set(state.families) if push.action != "POST" else {family.name for family in push.families}
        self._forget([state.families.pop(name) for name in replaced if name in state.families])
        if push.action == "DELETE":
            self._groups.pop(push.group, None)
            return
        self._groups[push.group] = state
        self._put(state, push.families)
        state.pushed_at = at

    def _forget(self, families: Iterable[Pushed]) -> None:
        self._openmetrics = None
        for family in families:
            self._classic.pop(family.name, None)
            for sample in family.samples:
                self._owners.pop(key_of(sample), None)

    def _put(self, state: GroupState, families: Iterable[Pushed]) -> None:
        self._openmetrics = None
        for family in upgraded(families):
            state.families[family.name] = family
            self._classic.pop(family.name, None)
            self._owners |= {key_of(sample): state.group for sample in family.samples}

    def failed(self, group: Group) -> None:
        """Note that a push to a known group was refused."""
        if group in self._groups:
            self._groups[group].failed_at = self._clock()

    def dump(self) -> bytes:
        """Return all groups as bytes."""
        return msgspec.msgpack.encode(list(self._groups.values()))

    def load(self, state: bytes) -> None:
        """Put back what `dump` gave."""
        self._groups, self._owners, self._classic, self._openmetrics = {}, {}, {}, None
        for kept in msgspec.msgpack.decode(state, type=list[GroupState]) if state else []:
            families, kept.families = kept.families.values(), {}
            self._groups[kept.group] = kept
            self._put(kept, families)

    def replay(self, body: bytes, at: float) -> None:
        """Do again what a journaled push did."""
        self.apply(msgspec.msgpack.decode(body, type=Push), at)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: what will be pushed is not known."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family, its samples from all groups. A counter without `_total` is none to prometheus_client."""
        self._expire()
        for family in [*self._shown(), *self._times()]:
            counts = family.kind == "counter" and family.name.endswith("_total")
            kind = family.kind if counts or family.kind not in ("counter", "untyped") else "unknown"
            metric = Metric(family.name.removesuffix("_total") if counts else family.name, family.help, kind)
            for sample in family.samples:
                metric.add_sample(sample.name, dict(sample.labels), sample.value)
            yield metric

    def text(self, text_format: TextFormat) -> Iterator[bytes]:
        """Yield every family as text; what has not changed is not written again."""
        self._expire()
        if text_format is TextFormat.OPENMETRICS:
            if self._openmetrics is None:
                foreign = {*self._registry._names_to_collectors, *_TIMES}
                self._openmetrics = [openmetrics(family) for family in in_openmetrics(self._shown(), foreign)]
            yield from self._openmetrics
            yield from map(openmetrics, self._times())
            return
        for name in self._family_names():
            if name not in self._classic:
                self._classic[name] = classic(self._merged(name))
            yield self._classic[name]
        yield from map(classic, self._times())

    def _family_names(self) -> list[str]:
        return sorted({name for state in self._groups.values() for name in state.families})

    def _shown(self) -> Iterator[Shown]:
        return map(self._merged, self._family_names())

    def _merged(self, name: str) -> Shown:
        found = [state.families[name] for state in self._groups.values() if name in state.families]
        text = next((family.help for family in found if family.help), NO_HELP)
        return Shown(name, found[0].kind, text, [sample for family in found for sample in family.samples])

    def _times(self) -> Iterator[Shown]:
        for name, text in _TIMES.items() if self._groups else ():
            samples = [
                Sample(name, {"instance": "", **dict(s.group)}, s.pushed_at if name == PUSH_TIME else s.failed_at)
                for s in self._groups.values()
            ]
            yield Shown(name, "gauge", text, samples)

    def _expire(self) -> None:
        if self._expiry is not None:
            oldest = self._clock() - self._expiry
            for state in [state for state in self._groups.values() if state.pushed_at < oldest]:
                self.apply(Push("DELETE", state.group, ()), oldest)


def _check_beside(family: Pushed, group: Group, other: Pushed, other_group: Group) -> None:
    """Refuse a family that shares a name with another, unless it is of the same name and type."""
    here, there = shown(group), shown(other_group)
    if other.name != family.name:
        raise refused(f"{family.name} of the group {here} would clash with {other.name} of the group {there}")
    if other.kind != family.kind:
        mine, its = _a(family.kind), _a(other.kind)
        raise refused(f"{family.name} is {its} in the group {there}, and {mine} here, in the group {here}")


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "untyped" else f"a {kind}"


def _names(family: Pushed) -> set[str]:
    """Return the names that belong to a family in the classic format."""
    return {family.name, *(family.name + suffix for suffix in SUFFIXES.get(family.kind, ()))}


def _count(families: Iterable[Pushed]) -> int:
    return sum(len(family.samples) for family in families)
