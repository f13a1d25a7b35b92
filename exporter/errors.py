"""Every refusal as JSON: {"error": {"code", "message", ...}}, with a bounded code that becomes a label value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from pipeline.errors import PipemeterError

Reason = Literal[
    "malformed", "invalid", "too_large", "media_type", "encoding", "unauthorized", "busy", "key", "timeout", "storage"
]
RETRY_SECONDS = 1  # what a sender is asked to wait when the exporter is behind


class ApiError(PipemeterError):
    """A request was refused: HTTP status, message, further fields of the answer, headers.

    `reason` counts it in `exporter_rejected_records_total`; None for requests that carry no records.
    """

    def __init__(
        self,
        status: int,
        reason: Reason | None,
        message: str,
        *,
        records: int = 1,
        headers: Mapping[str, str] | None = None,
        **detail: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.records = records
        self.headers = dict(headers or {})
        self.detail = detail

    def response(self) -> Response:
        """Return the answer."""
        code = self.reason or _CODES.get(self.status, "error")
        return json_response({"error": {"code": code, "message": str(self), **self.detail}}, self.status, self.headers)


_CODES = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method", 500: "internal"}


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")


def busy(message: str, reason: Reason = "busy") -> ApiError:
    """Return the refusal of a request that may be repeated a little later."""
    return ApiError(503, reason, message, headers={"Retry-After": str(RETRY_SECONDS)})
