"""The `log` channel: Alertmanager's webhook, written as JSON lines, one for each alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from exporter.bodies import JSON, Budget, body_of, media_type
from exporter.errors import ApiError, json_response
from exporter.settings import ExporterSettings

MAX_ALERTS = 1000  # in one notification
Texts = Mapping[str, str]


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a notification; fields that newer versions add are let through unread."""

    status: str
    labels: Texts
    annotations: Texts = {}
    starts_at: str = ""
    ends_at: str = ""
    fingerprint: str = ""


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """Alertmanager's webhook message (version 4)."""

    alerts: list[Alert]
    receiver: str = ""
    status: str = ""
    group_key: str = ""
    truncated_alerts: int = 0


_notification = msgspec.json.Decoder(Notification)


def lines_of(notification: Notification, now: float) -> list[dict[str, Any]]:
    """Return a line for each alert: what a person looks for first, then everything."""
    return [
        {
            "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
            "event": "alert",
            "status": alert.status,
            "alert": alert.labels.get("alertname", ""),
            "severity": alert.labels.get("severity", ""),
            "summary": alert.annotations.get("summary", ""),
            "starts_at": alert.starts_at,
            "ends_at": alert.ends_at,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "fingerprint": alert.fingerprint,
            "receiver": notification.receiver,
        }
        for alert in notification.alerts
    ]


class AlertsApi:
    """The handler of `POST /api/alerts`. `write` takes one line of text; `count` is told how many were written."""

    def __init__(
        self,
        settings: ExporterSettings,
        budget: Budget,
        *,
        write: Callable[[str], None],
        count: Callable[[int], None],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._write = write
        self._count = count
        self._clock = clock

    async def post(self, request: Request) -> Response:
        """Write the alerts of a notification."""
        kind = media_type(request)
        if kind and kind not in JSON:
            raise ApiError(415, None, f"Content-Type {kind[:60]!r} is not taken here; send application/json")
        async with body_of(request, self._settings, self._budget) as body:
            notification = _decode(body)
        for line in lines_of(notification, self._clock()):
            self._write(msgspec.json.encode(line).decode())
        self._count(len(notification.alerts))
        return json_response({"status": "logged", "count": len(notification.alerts)})


def _decode(body: bytes) -> Notification:
    try:
        notification = _notification.decode(body)
    except msgspec.ValidationError as error:
        raise ApiError(422, None, f"not a notification of Alertmanager: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, None, f"not valid JSON: {error}") from None
    if len(notification.alerts) > MAX_ALERTS:
        raise ApiError(413, None, f"more than {MAX_ALERTS} alerts in one notification")
    return notification
