"""Alerts as Prometheus itself recorded them in ALERTS: which fire, and when which fired."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from monitoring.domains.catalogue import heartbeats
from monitoring.promql.expressions import selector
from monitoring.reporting.window_queries import Questions
from monitoring.servers.prometheus import Series

_FIRING = 'ALERTS{alertstate="firing", domain!="", severity!="none"}'
_DROPPED = ("__name__", "alertname", "alertstate", "severity")
_PIECE = 86_400  # s asked for at once: 1,440 points a series
_STEP = 60  # s: shorter firings may be missed


class Fired(msgspec.Struct, frozen=True):
    """One firing of one alert. `start` None: before the window, or not known; `end` None: still firing at its end."""

    alert: str
    severity: str
    labels: dict[str, str]
    start: float | None
    end: float | None


class FiringHistory(msgspec.Struct, frozen=True):
    """All firings of a window, earliest first; times are known to `resolution` seconds.

    `rules_seen`: whether alerting rules were evaluated at all, so that silence means that all was well.
    """

    firings: list[Fired]
    rules_seen: bool
    resolution: int


async def active(questions: Questions) -> list[Fired]:
    """Return the alerts that fire at the end of the window; since when, as far as Prometheus keeps it."""
    firing, since = await asyncio.gather(
        questions.samples(_FIRING), questions.samples('ALERTS_FOR_STATE{domain!="", severity!="none"}')
    )
    started = {_identity(sample.labels): sample.value for sample in since}
    found = [_firing(s.labels, started.get(_identity(s.labels)), None) for s in firing]
    return sorted(found, key=_order)


async def history(questions: Questions) -> FiringHistory:
    """Return the firings of a window, read a day at a time. Raises PrometheusError."""
    beat = selector((("alertname", heartbeats()),))  # what always fires: without it no rules were evaluated
    seen = questions.value(f"max(count_over_time(ALERTS{beat}[{questions.over}]))")
    ends = [questions.at - n * _PIECE for n in range(-(-questions.window // _PIECE))][::-1]
    pieces = (min(_PIECE, round(end - questions.start)) for end in ends)
    asked = (questions.about(end, piece).course(_FIRING, _STEP) for end, piece in zip(ends, pieces, strict=True))
    found = [series for piece in await asyncio.gather(*asked) for series in piece]
    firings = intervals(found, questions.start, questions.at)
    return FiringHistory(firings, bool(await seen) or bool(firings), _STEP)


def intervals(found: Iterable[Series], start: float, end: float, step: float = _STEP) -> list[Fired]:
    """Return the stretches without a gap in which alerts were seen, every `step` seconds from `start` to `end`."""
    points: dict[tuple[tuple[str, str], ...], set[float]] = {}
    labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for series in found:
        points.setdefault(_identity(series.labels), set()).update(at for at, _ in series.points)
        labels[_identity(series.labels)] = series.labels
    firings = []
    for identity, times in points.items():
        for first, last in _stretches(sorted(times), step):
            before, after = first <= start + step, last + step > end
            firings.append(_firing(labels[identity], None if before else first, None if after else last))
    return sorted(firings, key=_order)


def _stretches(times: list[float], step: float) -> Iterable[tuple[float, float]]:
    first = last = times[0]
    for at in times[1:]:
        if at - last > 1.5 * step:
            yield first, last
            first = at
        last = at
    yield first, last


def _identity(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in labels.items() if k not in ("__name__", "alertstate")))


def _firing(labels: dict[str, str], start: float | None, end: float | None) -> Fired:
    kept = {name: value for name, value in sorted(labels.items()) if name not in _DROPPED}
    return Fired(labels.get("alertname", ""), labels.get("severity", ""), kept, start, end)


def _order(firing: Fired) -> tuple[float, str, list[tuple[str, str]]]:
    return firing.start or 0.0, firing.alert, sorted(firing.labels.items())
