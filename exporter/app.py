"""The exporter as an ASGI application. `uvicorn --factory exporter.app:create_app` works with no arguments.

One process owns the counters, so several workers are refused; an exporter takes more than ten thousand requests a
second as it is, and beyond that more exporters can be run and scraped side by side.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import prometheus_client
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.admin import Admin
from exporter.api.landing import Landing
from exporter.api.openapi import document
from exporter.api.performance import Source
from exporter.api.runbook_pages import Runbooks
from exporter.errors import ApiError, json_response
from exporter.exporter import Exporter
from exporter.intake.express import Express
from exporter.pushgateway.pushing import PushRoute
from exporter.server.guard import Guard
from exporter.server.webconfig import WebConfig, load_web_config
from exporter.server.workers import refuse_several
from exporter.settings import ExporterSettings, settings_from
from exporter.status import Status
from monitoring.domains.catalogue import runbooks as written
from pipeline.configuration.config import Config, default_directory, load_config
from pipeline.defaults import default_files
from pipeline.version import installed_version


def create_app(
    *,
    settings: ExporterSettings | None = None,
    config: Config | None = None,
    registry: CollectorRegistry | None = None,
    source: Source | None = None,
    write_line: Callable[[str], None] | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Build the application; without arguments everything comes from the environment and `./config`.

    The journal is opened and replayed here, so the application is ready when this returns; `app.state.exporter` is the
    exporter behind it. `write_line` takes the lines of the log channel (the standard output by default).
    Raises ConfigError for settings, JournalError when the journal cannot be had.
    """
    env = os.environ if environ is None else environ
    refuse_several(env)
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a global switch of the library: this process's exposition has none
    settings = settings_from(env) if settings is None else settings
    web = load_web_config(settings.web_config) if settings.web_config else WebConfig()
    exporter = Exporter(
        settings,
        config or load_config(default_directory(), env),
        registry=registry,
        source=source,
        write_line=write_line,
        clock=clock,
    )
    app = Starlette(
        routes=routes_of(exporter),
        middleware=[
            Middleware(Guard, settings=settings, on_refused=exporter.count_refusal, web=web),
            Middleware(Express, acceptor=exporter.acceptor, body_timeout_seconds=settings.body_timeout_seconds),
        ],
        exception_handlers={ApiError: _refused(exporter), HTTPException: _http_error},
        lifespan=_lifespan(exporter),
    )
    app.state.exporter, app.state.tls = exporter, web.tls
    return app


def routes_of(exporter: Exporter) -> list[Route]:
    """Return all routes; those that take most traffic first."""
    records, api, status = exporter.requests, exporter.performance, Status(exporter)
    landing, admin = Landing(exporter.settings), Admin(exporter)
    runbooks = Runbooks(exporter.settings.runbooks, default_files() / "docs" / "runbooks", written=written())
    return [
        Route("/api/performance/record", records.record, methods=["POST"]),
        Route("/api/performance/record/batch", records.batch, methods=["POST"]),
        Route("/api/events", records.events, methods=["POST"]),
        Route("/metrics", exporter.scrape.answer),
        PushRoute("/metrics/job/{rest:path}", exporter.push_api.push, methods=["PUT", "POST", "DELETE"]),
        PushRoute("/metrics/job@base64/{rest:path}", exporter.push_api.push, methods=["PUT", "POST", "DELETE"]),
        Route("/health", status.health),
        Route("/ready", status.ready),
        Route("/api/performance", api.overview),
        Route("/api/performance/", api.overview),
        Route("/api/performance/metrics/summary", api.summary),
        Route("/api/performance/content-types", api.content_types),
        Route("/api/performance/checkpoints", api.checkpoints),
        Route("/api/performance/quality-trends", api.quality_trends),
        Route("/api/performance/reset", admin.reset, methods=["DELETE"]),
        Route("/api/alerts", exporter.alerts.post, methods=["POST"]),
        Route("/runbooks", runbooks.index),
        Route("/runbooks/{name}", runbooks.show),
        Route("/dashboard", landing.dashboard),
        Route("/openapi.json", _openapi),
        Route("/-/ready", status.ready),  # where Pushgateway's users look
        Route("/-/healthy", status.health),
        Route("/", landing.page),
    ]


async def _openapi(request: Request) -> Response:  # noqa: ARG001
    return json_response(document(installed_version()))


def _refused(exporter: Exporter) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:  # noqa: ARG001
        assert isinstance(error, ApiError)
        exporter.count_refusal(error)
        return error.response()

    return answer


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {404: f"there is nothing at {request.url.path}", 405: f"{request.method} is not possible here"}
    text = message.get(error.status_code, str(error.detail))
    return ApiError(error.status_code, None, text, headers=error.headers).response()


def _lifespan(exporter: Exporter) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001
        yield
        exporter.close()

    return lifespan
