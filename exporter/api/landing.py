"""`/`: a plain page that says what is here."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from exporter.errors import ApiError
from exporter.settings import ExporterSettings

_LINKS = (
    ("/metrics", "metrics, for Prometheus"),
    ("/api/performance/", "all figures, as JSON"),
    ("/api/performance/metrics/summary", "the summary"),
    ("/api/performance/content-types", "by content type"),
    ("/api/performance/checkpoints", "by checkpoint"),
    ("/api/performance/quality-trends", "quality by the hour"),
    ("/health", "health"),
    ("/ready", "readiness"),
    ("/openapi.json", "the API's description"),
)
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>pipemeter</title>
<style>body{{font:16px/1.5 sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style>
<h1>pipemeter</h1><p>What the content pipeline's shortcuts save, and what they cost in quality.</p>
<ul>{links}</ul></html>
"""


class Landing:
    """The handlers of `/` and `/dashboard`."""

    def __init__(self, settings: ExporterSettings) -> None:
        self._grafana = settings.grafana_url

    async def page(self, request: Request) -> Response:  # noqa: ARG002
        """Return the page."""
        links = [*_LINKS, ("/dashboard", "dashboards, in Grafana")] if self._grafana else list(_LINKS)
        items = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a>: {escape(text)}</li>' for path, text in links)
        return HTMLResponse(_PAGE.format(links=items))

    async def dashboard(self, request: Request) -> Response:  # noqa: ARG002
        """Redirect to Grafana."""
        if not self._grafana:
            raise ApiError(404, None, "no dashboard is configured; set GRAFANA_URL to the address of Grafana")
        return RedirectResponse(self._grafana, 307)
