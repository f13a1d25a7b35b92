"""`/health` tells the truth about the last scrape and the journal, `/ready` about start and end."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from exporter.api.moments import told
from exporter.errors import json_response
from exporter.exporter import Exporter
from pipeline.version import installed_version


class Status:
    """The handlers of `/health` and `/ready`."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Answer 200 when all is well, 503 when the last scrape or the journal failed; the body says which."""
        exporter = self._exporter
        journal, scrape = self._journal(), self._scrape()
        well = journal["error"] is None and scrape["error"] is None
        answer = {
            "status": "ok" if well else "degraded",
            "version": installed_version(),
            "uptime_seconds": exporter.clock() - exporter.started,
            "journal": journal,
            "last_scrape": scrape,
            "waiting_requests": exporter.acceptor.pending,
        }
        return json_response(answer, 200 if well else 503)

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """Answer 200 once the journal has been replayed, 503 before that and while stopping."""
        exporter = self._exporter
        status = "stopping" if exporter.stopping else "ready" if exporter.ready else "starting"
        return json_response({"status": status, "replayed": exporter.replayed}, 200 if status == "ready" else 503)

    def _journal(self) -> dict[str, Any]:
        journal = self._exporter.journal
        return {
            "enabled": journal.durable,
            "sync": self._exporter.settings.sync if journal.durable else None,
            "size_bytes": journal.size_bytes(),
            "bytes_since_snapshot": journal.bytes_since_snapshot,
            "keys": journal.key_count,
            "error": self._exporter.gate.look(),
        }

    def _scrape(self) -> dict[str, Any]:
        last = self._exporter.scrape.last
        return {
            **told("timestamp", last.at),
            "seconds_ago": None if last.at is None else self._exporter.clock() - last.at,
            "duration_seconds": last.duration_seconds,
            "series": last.series,
            "error": last.error,
        }
