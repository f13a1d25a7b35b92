"""What only tests and operators do: start again from zero."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from exporter.errors import ApiError, busy, json_response
from exporter.exporter import Exporter
from exporter.journal.errors import JournalError


class Admin:
    """The handler of `DELETE /api/performance/reset`."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    async def reset(self, request: Request) -> Response:  # noqa: ARG002
        """Set all counters to zero and forget the journal. Refused unless `EXPORTER_ALLOW_RESET` is on."""
        if not self._exporter.settings.allow_reset:
            raise ApiError(403, None, "reset is for tests only; set EXPORTER_ALLOW_RESET=1 to allow it")
        try:
            self._exporter.keeper.reset()
        except JournalError as error:
            raise busy(f"the journal cannot be written: {error}", "storage") from error
        return json_response({"status": "reset"})
