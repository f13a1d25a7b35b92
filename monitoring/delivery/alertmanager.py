"""A small client for Alertmanager's HTTP API: alerts in and out, its configuration, what it delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import msgspec
import yaml
from prometheus_client.parser import text_string_to_metric_families

from monitoring.delivery.samples import Sample, timestamp
from monitoring.wording.addresses import without_password
from monitoring.wording.durations import parse_duration
from pipeline.errors import PipemeterError

DEFAULT_URL = "http://localhost:9093"
TIMEOUT_SECONDS = 10.0
_GROUP_WAIT = 30  # s, Alertmanager's own default


class AlertmanagerError(PipemeterError):
    """Alertmanager could not be reached, or refused what it was asked."""


class Delivered(msgspec.Struct, frozen=True):
    """Attempts of one kind of integration since Alertmanager began: how many, and how many of them failed."""

    attempts: int = 0
    failed: int = 0


class Setup(msgspec.Struct, frozen=True):
    """What Alertmanager runs on. `group_wait`: seconds. `receivers`: the kinds of integrations of each, by its name."""

    group_wait: int
    receivers: Mapping[str, tuple[str, ...]]


class AlertmanagerClient:
    """Asks one Alertmanager. `transport` replaces the network in tests. Every method raises AlertmanagerError."""

    def __init__(
        self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=timeout_seconds, transport=transport)

    def __enter__(self) -> AlertmanagerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def shown_url(self) -> str:
        """The address without the password it may hold."""
        return without_password(self._url)

    def post(self, alerts: Iterable[Sample]) -> None:
        """Send alerts, as Prometheus would."""
        self._ask("POST", "/api/v2/alerts", json=[_posted(alert) for alert in alerts])

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """Return the alerts with these labels, also silenced and inhibited ones, with `receivers` and `status`."""
        filters = [f'{name}="{value}"' for name, value in labels.items()]
        found = self._json("/api/v2/alerts", params={"filter": filters})
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def setup(self) -> Setup:
        """Return what is needed of the configuration that Alertmanager runs on."""
        try:
            config = yaml.safe_load(self._json("/api/v2/status")["config"]["original"])
            wait = parse_duration(str(config["route"].get("group_wait", f"{_GROUP_WAIT}s")))
            receivers = {one["name"]: _kinds(one) for one in config["receivers"]}
        except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError):
            raise AlertmanagerError(f"{self.shown_url}: not the status of an Alertmanager") from None
        return Setup(wait, receivers)

    def delivered(self) -> dict[str, Delivered]:
        """Return the attempts to deliver so far, by kind of integration."""
        counts: dict[str, dict[str, float]] = {"requests": {}, "requests_failed": {}}
        for family in text_string_to_metric_families(self._ask("GET", "/metrics").text):
            kind = family.name.removeprefix("alertmanager_notification_")
            if kind in counts:
                for sample in family.samples:
                    name = sample.labels.get("integration", "")
                    counts[kind][name] = counts[kind].get(name, 0) + sample.value
        failed = counts["requests_failed"]
        return {name: Delivered(int(n), int(failed.get(name, 0))) for name, n in counts["requests"].items()}

    def _json(self, path: str, **options: Any) -> Any:
        try:
            return self._ask("GET", path, **options).json()
        except ValueError:
            raise AlertmanagerError(f"{self.shown_url}: not an Alertmanager's answer") from None

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._client.request(method, self._url + path, **options)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise AlertmanagerError(f"{self.shown_url} does not answer: {self._reason(error)}") from None
        if not response.is_success:
            raise AlertmanagerError(f"{self.shown_url}{path}: HTTP {response.status_code}{_said(response)}")
        return response

    def _reason(self, error: Exception) -> str:
        """Return why there is no answer; the text of an error may hold the address, and the address a password."""
        if isinstance(error, httpx.TimeoutException):
            return f"nothing came within {self._client.timeout.read:g} s"
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, OSError) and cause.strerror:
                return cause.strerror
            cause = cause.__cause__ or cause.__context__
        return type(error).__name__


def _said(response: httpx.Response) -> str:
    """Return what an answer says, on one line; of pages for browsers nothing."""
    if "html" in response.headers.get("Content-Type", ""):
        return " and a page instead of an answer: is this an Alertmanager?"
    said = " ".join(response.text.split())[:200]
    return f": {said}" if said else ""


def _posted(alert: Sample) -> dict[str, Any]:
    row: dict[str, Any] = {"labels": alert.labels, "annotations": alert.annotations}
    row["startsAt"] = timestamp(alert.starts_at)
    if alert.ends_at is not None:
        row["endsAt"] = timestamp(alert.ends_at)
    return row


def _kinds(receiver: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kind of every integration of a receiver, as Alertmanager's metrics call it."""
    return tuple(key.removesuffix("_configs") for key, value in receiver.items() if key != "name" for _ in value or ())
