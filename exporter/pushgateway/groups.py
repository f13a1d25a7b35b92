"""Metrics of batch jobs, pushed as to a Pushgateway: the last value wins, kept by the same journal.

`PUT` replaces a group, `POST` the families of the same name, `DELETE` removes the group. What cannot be exposed
together with all the rest (another type, a name of ours, too many series) is refused whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, cast

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.requests import Request
from starlette.responses import Response

from exporter.errors import ApiError
from exporter.intake.bodies import Budget, body_of, media_type
from exporter.journal.entries import Entry
from exporter.journal.gate import Gate
from exporter.pushgateway.pushed import PUSH_FAILURE_TIME, PUSH_TIME, Group, Push, Pushed, families_of, group_of
from exporter.settings import ExporterSettings
from exporter.text.exposition import write_metric
from exporter.text.textformat import TextFormat

_TYPES = (
    "",
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf",
    "application/x-www-form-urlencoded",
)  # fmt: skip - the last is what curl says of --data-binary


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
        self._texts: dict[tuple[str, TextFormat], bytes] = {}

    @property
    def series(self) -> int:
        """How many series are held, those about the pushes themselves included."""
        return sum(2 + _count(state.families.values()) for state in self._groups.values())

    def check(self, push: Push) -> None:
        """Raise ApiError when a push cannot be exposed together with what is there."""
        before = self._groups.get(push.group)
        kept = {} if before is None or push.action == "PUT" else before.families
        replaced = 0 if before is None else 2 + _count(before.families.values())
        after = {**kept, **{family.name: family for family in push.families}}
        if self.series - replaced + 2 + _count(after.values()) > self._max_series:
            message = f"more than {self._max_series} pushed series; delete groups that are no longer needed"
            raise ApiError(413, "too_large", message, limit=self._max_series)
        for family in push.families:
            self._check_family(family, push.group)

    def _check_family(self, family: Pushed, group: Group) -> None:
        names = {family.name, *(sample.name for sample in family.samples)}
        if names & self._registry._names_to_collectors.keys():
            raise ApiError(400, "malformed", f"{family.name} is a metric of the exporter itself")
        for state in self._groups.values():
            for other in state.families.values():
                same = other.name == family.name
                if same and other.kind != family.kind and state.group != group:
                    message = f"{family.name} is a {other.kind} in another group, and a {family.kind} here"
                    raise ApiError(400, "malformed", message)
                if not same and names & {other.name, *(sample.name for sample in other.samples)}:
                    raise ApiError(400, "malformed", f"{family.name} would clash with {other.name}, pushed before")

    def apply(self, push: Push, at: float) -> None:
        """Do what a push says."""
        self._texts.clear()
        if push.action == "DELETE":
            self._groups.pop(push.group, None)
            return
        state = self._groups.setdefault(push.group, GroupState(push.group, {}))
        if push.action == "PUT":
            state.families = {}
        state.families |= {family.name: family for family in push.families}
        state.pushed_at = at

    def failed(self, group: Group) -> None:
        """Note that a push to a known group was refused."""
        if group in self._groups:
            self._groups[group].failed_at = self._clock()
            self._texts.clear()

    def dump(self) -> bytes:
        """Return all groups as bytes."""
        return msgspec.msgpack.encode(list(self._groups.values()))

    def load(self, state: bytes) -> None:
        """Put back what `dump` gave."""
        groups = msgspec.msgpack.decode(state, type=list[GroupState]) if state else []
        self._groups = {group.group: group for group in groups}
        self._texts.clear()

    def replay(self, body: bytes, at: float) -> None:
        """Do again what a journaled push did."""
        self.apply(msgspec.msgpack.decode(body, type=Push), at)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: what will be pushed is not known."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family, its samples from all groups."""
        self._expire()
        for name in self._names():
            yield self._metric(name)

    def text(self, text_format: TextFormat) -> Iterator[bytes]:
        """Yield every family as text; what has not changed is not written again."""
        self._expire()
        for name in self._names():
            if (name, text_format) not in self._texts:
                self._texts[name, text_format] = write_metric(self._metric(name), text_format)
            yield self._texts[name, text_format]

    def _names(self) -> list[str]:
        names = {name for state in self._groups.values() for name in state.families}
        return sorted(names) + ([PUSH_TIME, PUSH_FAILURE_TIME] if self._groups else [])

    def _metric(self, name: str) -> Metric:
        if name == PUSH_TIME:
            return self._times(name, "Last Unix time when this group was pushed to.", lambda state: state.pushed_at)
        if name == PUSH_FAILURE_TIME:
            return self._times(name, "Last Unix time when a push to this group failed.", lambda state: state.failed_at)
        found = [state.families[name] for state in self._groups.values() if name in state.families]
        metric = Metric(name, found[0].help, found[0].kind)
        for family in found:
            for sample in family.samples:
                metric.add_sample(sample.name, dict(sample.labels), sample.value)
        return metric

    def _times(self, name: str, text: str, value: Callable[[GroupState], float]) -> Metric:
        metric = GaugeMetricFamily(name, text)
        for state in self._groups.values():
            metric.add_sample(name, {"instance": "", **dict(state.group)}, value(state))
        return metric

    def _expire(self) -> None:
        if self._expiry is not None:
            oldest = self._clock() - self._expiry
            for state in [state for state in self._groups.values() if state.pushed_at < oldest]:
                self.apply(Push("DELETE", state.group, ()), oldest)


class PushApi:
    """The handler of `PUT|POST|DELETE /metrics/job/...`."""

    def __init__(self, store: PushStore, gate: Gate, settings: ExporterSettings, budget: Budget) -> None:
        self._store = store
        self._gate = gate
        self._settings = settings
        self._budget = budget

    async def push(self, request: Request) -> Response:
        """Take a push; 200 once it is kept, 202 for a deletion."""
        group = group_of(request.scope["path"].removeprefix("/metrics/"))
        action = cast("Literal['PUT', 'POST', 'DELETE']", request.method)
        if action == "DELETE":
            await self._keep(Push(action, group, ()))
            return Response(status_code=202)
        kind = media_type(request)
        if kind not in _TYPES:
            raise ApiError(
                415, "media_type", f"Content-Type {kind[:60]!r} is not taken here; send metrics as text/plain"
            )
        try:
            async with body_of(request, self._settings, self._budget) as body:
                push = Push(action, group, families_of(body, kind, group))
            await self._keep(push)
        except ApiError:
            self._store.failed(group)
            raise
        return Response(status_code=200)

    async def _keep(self, push: Push) -> None:
        def keep(at: float) -> Entry:
            self._store.check(push)
            return Entry(at, "push", msgspec.msgpack.encode(push))

        await self._gate.store(keep, lambda entry: self._store.apply(push, entry.at))


def _count(families: Iterable[Pushed]) -> int:
    return sum(len(family.samples) for family in families)
