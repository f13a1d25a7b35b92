"""The `log` channel: Alertmanager's webhook, written as JSON lines, one for each alert within the limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from exporter.api.alert_limits import HeldReason, HourlyGate
from exporter.errors import ApiError, json_response
from exporter.intake.bodies import JSON, Budget, body_of, media_type
from exporter.settings import ALERT_SEVERITIES, AlertLimits, ExporterSettings
from monitoring.targets.channels import LOG_MAX_ALERTS

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
    truncated_alerts: int = 0  # that Alertmanager left out


_notification = msgspec.json.Decoder(Notification)


def line_of(alert: Alert, receiver: str, now: float) -> dict[str, Any]:
    """Return the line of an alert: what a person looks for first, then everything."""
    return {
        "timestamp": _moment(now),
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
        "receiver": receiver,
    }


def held_line(held: Mapping[HeldReason, int], receiver: str, now: float) -> dict[str, Any]:
    """Return the line that stands for alerts that were not written."""
    count = sum(held.values())
    return {
        "timestamp": _moment(now),
        "event": "alerts_held_back",
        "summary": f"{count} alert{'' if count == 1 else 's'} held back",
        "count": count,
        "reasons": dict(held),
        "receiver": receiver,
    }


def truncated_line(count: int, receiver: str, now: float) -> dict[str, Any]:
    """Return the line that stands for alerts that Alertmanager left out of a notification."""
    return {
        "timestamp": _moment(now),
        "event": "alerts_truncated",
        "summary": f"{count} more alert{'' if count == 1 else 's'} left out by Alertmanager: it shows them all",
        "count": count,
        "receiver": receiver,
    }


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")


class AlertsApi:
    """The handler of `POST /api/alerts`. `write` takes one line of text; `count` and `count_held` are told how many.

    The address may carry limits (`?per_hour=10&per_model_per_hour=5&minimum_severity=warning`); of these and the
    exporter's own the stricter ones hold.
    """

    def __init__(
        self,
        settings: ExporterSettings,
        budget: Budget,
        *,
        write: Callable[[str], None],
        count: Callable[[int], None],
        count_held: Callable[[HeldReason, int], None],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._write = write
        self._count = count
        self._count_held = count_held
        self._clock = clock
        self._gate = HourlyGate()

    async def post(self, request: Request) -> Response:
        """Write the alerts of a notification, as far as the limits allow."""
        kind = media_type(request)
        if kind and kind not in JSON:
            raise ApiError(415, None, f"Content-Type {kind[:60]!r} is not taken here; send application/json")
        limits = self._settings.alert_limits.strictest(limits_of(request.query_params))
        async with body_of(request, self._settings, self._budget) as body:
            notification = _decode(body)
        held = self._log(notification, limits)
        written = len(notification.alerts) - held.total()
        self._count(written)
        answer = {"status": "logged", "count": written}
        return json_response({**answer, "held_back": held.total()} if held else answer)

    def _log(self, notification: Notification, limits: AlertLimits) -> Counter[HeldReason]:
        now, held = self._clock(), Counter[HeldReason]()
        for alert in notification.alerts:
            key = alert.fingerprint or repr(sorted(alert.labels.items()))
            if reason := self._gate.held(alert.status, alert.labels, key, limits, now):
                held[reason] += 1
            else:
                self._write_line(line_of(alert, notification.receiver, now))
        for reason, number in held.items():
            self._count_held(reason, number)
        if set(held) - {"minimum_severity"}:  # what nobody wants to hear of needs no line in its stead
            self._write_line(held_line(held, notification.receiver, now))
        if notification.truncated_alerts > 0:
            self._write_line(truncated_line(notification.truncated_alerts, notification.receiver, now))
        return held

    def _write_line(self, line: dict[str, Any]) -> None:
        self._write(msgspec.json.encode(line).decode())


def limits_of(query: Mapping[str, str]) -> AlertLimits:
    """Return the limits that an address carries. Raises ApiError."""
    severity = query.get("minimum_severity", "info")
    if severity not in ALERT_SEVERITIES:
        raise ApiError(422, None, f"minimum_severity {severity[:60]!r}: expected one of {', '.join(ALERT_SEVERITIES)}")
    return AlertLimits(_whole(query, "per_hour"), _whole(query, "per_model_per_hour"), severity)


def _whole(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise ApiError(422, None, f"{name} {text[:60]!r}: expected a whole number above 0")
    return int(text)


def _decode(body: bytes) -> Notification:
    try:
        notification = _notification.decode(body)
    except msgspec.ValidationError as error:
        raise ApiError(422, None, f"not a notification of Alertmanager: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, None, f"not valid JSON: {error}") from None
    if len(notification.alerts) > LOG_MAX_ALERTS:
        raise ApiError(413, None, f"more than {LOG_MAX_ALERTS} alerts in one notification")
    return notification
