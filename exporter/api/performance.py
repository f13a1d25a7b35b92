"""`/api/performance/*`: what the pipeline did, from Prometheus when one is configured, else from this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from exporter.api import totals
from exporter.api.moments import told
from exporter.api.totals import Trend
from exporter.counting.counters import Counters
from exporter.counting.figures import QUALITY, SPLIT, Sums, sums_of
from exporter.counting.hours import HOUR
from exporter.errors import ApiError, json_response
from monitoring.domains.catalogue import signal
from monitoring.domains.signal import Term
from monitoring.promql.expressions import summed
from monitoring.servers.prometheus import PrometheusClient, PrometheusError

MAX_HOURS = 24 * 366
DEFAULT_HOURS = 24
TRENDS_OF = "full"  # the items, by the way they went, whose scores the rows of an hour are means of
_HOURLY = {  # the series that trends are made of, each split no further than they need
    term.series: tuple(label for label, _ in term.where)
    for terms in (signal("bypass_rate").denominator, *((*signal(n).numerator, *signal(n).denominator) for n in QUALITY))
    for term in terms
}


class Source(Protocol):
    """Where the numbers come from."""

    name: str

    async def totals(self, hours: int) -> Sums:
        """Return what was counted in the last hours, as far as the source knows (see `scope`)."""

    async def trends(self, hours: int) -> list[Trend]:
        """Return the last hours one by one, oldest first."""

    def scope(self, hours: int) -> dict[str, Any]:
        """Return what the answer says about where its numbers come from, and which window they are of."""

    def trends_start(self, hours: int) -> float:
        """Return the Unix time from which on the hours are told one by one."""


class ProcessSource:
    """This process's own counters, by whole hours: the window begins with the hour in which the asked one does.

    A window that reaches back to the first record ever counted is everything. Another that reaches further back than
    hours are kept begins where they do; `window_start` says so.
    """

    name = "process"

    def __init__(self, counters: Counters, clock: Callable[[], float] = time.time) -> None:
        self._counters = counters
        self._clock = clock

    def scope(self, hours: int) -> dict[str, Any]:
        """Say which window this is, and since when there has been anything."""
        since = told("since", self._counters.since)
        return {"source": self.name, **_window(hours, self._start(hours), self._clock()), **since}

    def trends_start(self, hours: int) -> float:
        """Return where the window begins, or the hours that are kept."""
        return max(self._asked(hours), self._counters.hours.known_from or 0.0)

    async def totals(self, hours: int) -> Sums:
        """Return what the counters grew by."""
        if self._is_everything(hours):
            return sums_of(self._counters.metrics)
        return self._counters.hours.window(self._start(hours))

    async def trends(self, hours: int) -> list[Trend]:
        """Return the hours in which items finished."""
        rows = [totals.trend(at, sums) for at, sums in self._counters.hours.each(self.trends_start(hours))]
        return [row for row in rows if row.items_processed > 0]

    def _asked(self, hours: int) -> float:
        return (self._clock() - hours * HOUR) // HOUR * HOUR

    def _is_everything(self, hours: int) -> bool:
        since = self._counters.since
        return since is None or self._asked(hours) <= since

    def _start(self, hours: int) -> float:
        return self._asked(hours) if self._is_everything(hours) else self.trends_start(hours)


def _window(hours: int, start: float, end: float) -> dict[str, Any]:
    answered = round((end - start) / HOUR, 2)
    return {"hours": hours, "window_hours": answered, **told("window_start", start), **told("window_end", end)}


class PrometheusSource:
    """What Prometheus kept of the exporter's metrics, over a window of hours."""

    name = "prometheus"

    def __init__(self, client: PrometheusClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    def scope(self, hours: int) -> dict[str, Any]:
        """Say which window this is."""
        now = self._clock()
        return {"source": self.name, **_window(hours, now - hours * HOUR, now)}

    def trends_start(self, hours: int) -> float:
        """Return the start of the first hour of the window."""
        return (self._clock() // HOUR + 1 - hours) * HOUR

    async def totals(self, hours: int) -> Sums:
        """Ask for the increases over the window."""
        now = self._clock()
        found = await asyncio.gather(
            *(self._client.query(_increase(series, hours, by), now) for series, by in SPLIT.items())
        )
        return {
            series: {_values(series, s.labels): s.value for s in samples if s.value == s.value}
            for series, samples in zip(SPLIT, found, strict=True)
        }

    async def trends(self, hours: int) -> list[Trend]:
        """Ask hour by hour."""
        start = self.trends_start(hours) + HOUR
        end = start + (hours - 1) * HOUR
        queries = [_increase(series, 1, by) for series, by in _HOURLY.items()]
        found = await asyncio.gather(*(self._client.query_range(query, start, end, HOUR) for query in queries))
        by_end: dict[float, dict[str, dict[tuple[str, ...], float]]] = {}
        for series, lines in zip(_HOURLY, found, strict=True):
            for line in lines:
                for at, value in line.points:
                    by_end.setdefault(at, {}).setdefault(series, {})[_values(series, line.labels)] = value
        rows = [totals.trend(at - HOUR, sums) for at, sums in sorted(by_end.items())]
        return [row for row in rows if row.items_processed > 0]


def _increase(series: str, hours: int, by: tuple[str, ...]) -> str:
    return summed((Term(series),), f"{hours}h", by)


def _values(series: str, labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in SPLIT[series])


class PerformanceApi:
    """The handlers of `/api/performance/*` (GET)."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def overview(self, request: Request) -> Response:
        """Return everything at once."""
        hours = hours_of(request)
        found, trends = await self._ask(hours)
        return json_response(
            {
                **self._source.scope(hours),
                "overall_metrics": totals.summary(found),
                "content_type_breakdown": totals.content_types(found),
                "checkpoint_analytics": totals.checkpoints(found),
                **self._about_trends(hours),
                "quality_trends": trends,
            }
        )

    async def summary(self, request: Request) -> Response:
        """Return the totals."""
        hours = hours_of(request)
        found, _ = await self._ask(hours, trends=False)
        return json_response({**self._source.scope(hours), **totals.summary(found)})

    async def content_types(self, request: Request) -> Response:
        """Return a row for each content type."""
        hours = hours_of(request)
        found, _ = await self._ask(hours, trends=False)
        return json_response({**self._source.scope(hours), "content_types": totals.content_types(found)})

    async def checkpoints(self, request: Request) -> Response:
        """Return a row for each checkpoint."""
        hours = hours_of(request)
        found, _ = await self._ask(hours, trends=False)
        return json_response({**self._source.scope(hours), "checkpoints": totals.checkpoints(found)})

    async def quality_trends(self, request: Request) -> Response:
        """Return a row for each hour."""
        hours = hours_of(request)
        _, trends = await self._ask(hours, with_totals=False)
        return json_response({**self._source.scope(hours), **self._about_trends(hours), "quality_trends": trends})

    def _about_trends(self, hours: int) -> dict[str, Any]:
        """Say of which items the scores by the hour are, and from when on there are rows."""
        return {"quality_trends_of": TRENDS_OF, **told("quality_trends_start", self._source.trends_start(hours))}

    async def _ask(self, hours: int, *, with_totals: bool = True, trends: bool = True) -> tuple[Sums, list[Trend]]:
        try:
            found = await self._source.totals(hours) if with_totals else {}
            return found, await self._source.trends(hours) if trends else []
        except PrometheusError as error:
            raise ApiError(502, None, f"Prometheus did not answer: {error}") from error


def hours_of(request: Request) -> int:
    """Return `?hours=`, 24 by default. Raises ApiError 422 outside 1..8784."""
    text = request.query_params.get("hours", str(DEFAULT_HOURS))
    hours = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= hours <= MAX_HOURS:
        expectation = f"a whole number of hours from 1 to {MAX_HOURS}"
        raise ApiError(
            422, None, f"hours: expected {expectation}", field="hours", value=text[:100], expectation=expectation
        )
    return hours
