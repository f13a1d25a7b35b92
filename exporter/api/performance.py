"""`/api/performance/*`: what the pipeline did, from Prometheus when one is configured, else from this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from exporter.api import totals
from exporter.api.totals import Mean, Totals, Trend
from exporter.counting.counters import Counters
from exporter.counting.snapshot import children_of
from exporter.counting.trends import Hour
from exporter.errors import ApiError, json_response
from monitoring.servers.prometheus import PrometheusClient, PrometheusError
from pipeline.metrics.registry import Metrics

MAX_HOURS = 24 * 366
DEFAULT_HOURS = 24
_SCORES = ("overall", "coherence", "completeness", "informativeness")


class Source(Protocol):
    """Where the numbers come from."""

    name: str

    async def totals(self, hours: int) -> Totals:
        """Return what was counted in the last hours (or all there is, see `scope`)."""

    async def trends(self, hours: int) -> list[Trend]:
        """Return the last hours one by one, oldest first."""

    def scope(self, hours: int) -> dict[str, Any]:
        """Return what the answer says about where its numbers come from."""


class ProcessSource:
    """This process's own counters: everything since the first record it ever counted, whatever the window."""

    name = "process"

    def __init__(self, counters: Counters, clock: Callable[[], float] = time.time) -> None:
        self._counters = counters
        self._clock = clock

    def scope(self, hours: int) -> dict[str, Any]:  # noqa: ARG002 - counters have no window
        """Say that this is all there is, and since when."""
        return {"source": self.name, "since": self._counters.since}

    async def totals(self, hours: int) -> Totals:  # noqa: ARG002
        """Return what the counters stand at."""
        return totals_of(self._counters.metrics)

    async def trends(self, hours: int) -> list[Trend]:
        """Return the hours that this exporter remembers (a week at most)."""
        return [_trend(hour) for hour in self._counters.trends.last(hours, self._clock())]


def _trend(hour: Hour) -> Trend:
    return Trend(hour.start, hour.mean(0), hour.mean(1), hour.mean(2), hour.mean(3), hour.items)


def totals_of(metrics: Metrics) -> Totals:
    """Read the totals off the metrics."""
    found = Totals(items={}, quality={}, duration={}, exits={}, confidence={})
    for (way, kind, _), count in _values(metrics, "pipeline_items_total"):
        found.items[way, kind] = found.items.get((way, kind), 0) + count
    for (place, reason, *_), count in _values(metrics, "pipeline_early_exits_total"):
        found.exits[place, reason] = found.exits.get((place, reason), 0) + count
    found.spent = sum(value for _, value in _values(metrics, "pipeline_time_spent_seconds_total"))
    found.saved = sum(value for _, value in _values(metrics, "pipeline_time_saved_seconds_total"))
    for (_, kind, _), mean in _means(metrics, "pipeline_item_duration_seconds"):
        _add(found.duration, kind, mean)
    for (dimension, way, kind, _), mean in _means(metrics, "pipeline_quality_score"):
        if dimension == "overall" and way == "full":
            _add(found.quality, kind, mean)
    for (place,), mean in _means(metrics, "pipeline_exit_confidence"):
        _add(found.confidence, place, mean)
    return found


def _values(metrics: Metrics, name: str) -> list[tuple[tuple[str, ...], float]]:
    return [(labels, child._value.get()) for labels, child in children_of(metrics.family(name))]


def _means(metrics: Metrics, name: str) -> list[tuple[tuple[str, ...], Mean]]:
    children = children_of(metrics.family(name))
    return [(labels, Mean(sum(b.get() for b in child._buckets), child._sum.get())) for labels, child in children]


def _add(means: dict[str, Mean], key: str, mean: Mean) -> None:
    known = means.setdefault(key, Mean())
    known.count += mean.count
    known.sum += mean.sum


class PrometheusSource:
    """What Prometheus kept of the exporter's metrics, over a window of hours."""

    name = "prometheus"

    def __init__(self, client: PrometheusClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    def scope(self, hours: int) -> dict[str, Any]:
        """Say which window this is."""
        return {"source": self.name, "hours": hours}

    async def totals(self, hours: int) -> Totals:
        """Ask for the increases over the window."""
        full = 'dimension="overall",processing_type="full"'
        asked = [
            ("processing_type, content_type", "pipeline_items_total"),
            ("checkpoint, reason", "pipeline_early_exits_total"),
            ("", "pipeline_time_spent_seconds_total"),
            ("", "pipeline_time_saved_seconds_total"),
            ("content_type", f"pipeline_quality_score_count{{{full}}}"),
            ("content_type", f"pipeline_quality_score_sum{{{full}}}"),
            ("content_type", "pipeline_item_duration_seconds_count"),
            ("content_type", "pipeline_item_duration_seconds_sum"),
            ("checkpoint", "pipeline_exit_confidence_count"),
            ("checkpoint", "pipeline_exit_confidence_sum"),
        ]
        now = self._clock()
        found = await asyncio.gather(*(self._increase(by, name, hours, now) for by, name in asked))
        items, exits, spent, saved, *means = found
        return Totals(
            items={(way, kind): n for (way, kind), n in items.items()},
            exits={(place, reason): n for (place, reason), n in exits.items()},
            spent=spent.get(("",), 0.0),
            saved=saved.get(("",), 0.0),
            quality=_paired(means[0], means[1]),
            duration=_paired(means[2], means[3]),
            confidence=_paired(means[4], means[5]),
        )

    async def _increase(self, by: str, name: str, hours: int, now: float) -> dict[tuple[str, ...], float]:
        names = by.split(", ")
        samples = await self._client.query(f"sum by ({by}) (increase({name}[{hours}h]))", now)
        return {tuple(s.labels.get(n, "") for n in names): s.value for s in samples if s.value == s.value}

    async def trends(self, hours: int) -> list[Trend]:
        """Ask hour by hour."""
        end = (self._clock() // 3600 + 1) * 3600
        start = end - (hours - 1) * 3600
        which = 'processing_type="full"'
        queries = [
            f"sum by (dimension) (increase(pipeline_quality_score_sum{{{which}}}[1h]))",
            f"sum by (dimension) (increase(pipeline_quality_score_count{{{which}}}[1h]))",
            "sum (increase(pipeline_items_total[1h]))",
        ]
        sums, counts, items = await asyncio.gather(
            *(self._client.query_range(query, start, end, 3600) for query in queries)
        )
        numbers = {s.labels.get("dimension", ""): dict(s.points) for s in counts}
        scores = {s.labels.get("dimension", ""): dict(s.points) for s in sums}
        processed = dict(items[0].points) if items else {}
        return [_trend_at(at, scores, numbers, n) for at, n in sorted(processed.items()) if round(n) > 0]


def _trend_at(
    at: float, sums: dict[str, dict[float, float]], counts: dict[str, dict[float, float]], items: float
) -> Trend:
    means = [Mean(counts.get(d, {}).get(at, 0.0), sums.get(d, {}).get(at, 0.0)).value() for d in _SCORES]
    return Trend(at - 3600, means[0], means[1], means[2], means[3], round(items))


def _paired(counts: dict[tuple[str, ...], float], sums: dict[tuple[str, ...], float]) -> dict[str, Mean]:
    return {key[0]: Mean(count, sums.get(key, 0.0)) for key, count in counts.items()}


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
        return json_response({**self._source.scope(hours), "quality_trends": trends})

    async def _ask(self, hours: int, *, with_totals: bool = True, trends: bool = True) -> tuple[Totals, list[Trend]]:
        try:
            found = await self._source.totals(hours) if with_totals else Totals()
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
