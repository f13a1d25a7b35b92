"""`/metrics`: the right format, compressed when asked, without holding up what else the process does."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from exporter.text.expiry import Expiry
from exporter.text.exposition import Renderer
from exporter.text.negotiation import choose_format, wants_gzip
from exporter.text.textformat import TextFormat
from pipeline.domains.exporter.families import RENDER_DURATION, SERIES
from pipeline.metrics.registry import Metrics

_INLINE_GZIP = 64 * 1024  # bytes; more is compressed in a thread
_GZIP_LEVEL = 1  # text of metrics shrinks tenfold even so, at a fifth of the time of level 6
MAX_AT_ONCE = 4  # renderings; further scrapers wait their turn


class LastScrape:
    """What `/health` tells about scrapes."""

    at: float | None = None  # Unix seconds
    duration_seconds: float | None = None
    series: int | None = None
    error: str | None = None


class Scrape:
    """The handler of `/metrics`."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        expiry: Expiry | None = None,
        before: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._registry = metrics.registry
        self._renderers = {text_format: Renderer(text_format, expiry) for text_format in TextFormat}
        self._series = metrics.family(SERIES)
        self._duration = metrics.family(RENDER_DURATION)
        self._before = before
        self._clock = clock
        self._timer = timer
        self._turn = asyncio.Semaphore(MAX_AT_ONCE)
        self.last = LastScrape()

    async def answer(self, request: Request) -> Response:
        """Answer a scrape; `?name[]=` restricts it to some series."""
        chosen = choose_format(request.headers.get("accept", ""))
        names = request.query_params.getlist("name[]")
        async with self._turn:
            body = await self._render(chosen.text_format, names)
        headers = {"Content-Type": chosen.content_type, "Vary": "Accept, Accept-Encoding"}
        if wants_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            inline = len(body) <= _INLINE_GZIP
            body = _compress(body) if inline else await asyncio.to_thread(_compress, body)
        return Response(body, headers=headers)

    async def _render(self, text_format: TextFormat, names: list[str]) -> bytes:
        if self._before is not None:
            self._before()
        started = self._timer()
        registry: Any = self._registry.restricted_registry(names) if names else self._registry
        renderer = Renderer(text_format) if names else self._renderers[text_format]
        try:
            body = await renderer.render_async(registry)
        except Exception as error:
            self.last.at, self.last.error = self._clock(), f"{type(error).__name__}: {error}"
            raise
        self._note(self._timer() - started, renderer.series, whole=not names)
        return body

    def _note(self, seconds: float, series: int, *, whole: bool) -> None:
        self._duration.observe(seconds)
        if whole:
            self._series.set(series)
            self.last.at, self.last.duration_seconds = self._clock(), seconds
            self.last.series, self.last.error = series, None


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)
