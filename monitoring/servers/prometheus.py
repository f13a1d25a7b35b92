"""A small query client for Prometheus' HTTP API: instant and range queries, errors as sentences."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import httpx
import msgspec

from monitoring.wording.addresses import without_password
from pipeline.errors import PipemeterError

TIMEOUT_SECONDS = 10.0
Answer = TypeVar("Answer")


class PrometheusError(PipemeterError):
    """Prometheus could not be reached, or refused the query."""


class Sample(msgspec.Struct, frozen=True):
    """One series at one time."""

    labels: dict[str, str]
    value: float
    timestamp: float  # Unix seconds


class Series(msgspec.Struct, frozen=True):
    """One series over time: (Unix seconds, value)."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


class RawSeries(msgspec.Struct, frozen=True):
    """One series as the server wrote it: (Unix seconds, value as text), so that no digit is lost."""

    labels: dict[str, str]
    samples: list[tuple[float, str]]


class PrometheusClient:
    """Asks one Prometheus server. `transport` replaces the network in tests."""

    def __init__(
        self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout_seconds
        self._transport = transport

    @property
    def shown_url(self) -> str:
        """The address without the password it may hold."""
        return without_password(self._url)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: reading the certificates takes longer than most queries."""
        return httpx.create_ssl_context()

    async def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Evaluate an expression at one time (Unix seconds; None: now). Raises PrometheusError."""
        given = {"query": expression} if at is None else {"query": expression, "time": f"{at:.3f}"}
        return await self._ask("query", given, _samples)

    async def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """Evaluate an expression every `step` seconds from start to end. Raises PrometheusError."""
        given = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return await self._ask("query_range", given, _series)

    async def query_raw(self, expression: str, at: float) -> list[RawSeries]:
        """Evaluate a range selector such as `up[1h]` at one time: every sample as it was scraped.

        Prometheus before 3 includes both ends of the range, later ones and others leave the earlier one out.
        Raises PrometheusError.
        """
        return await self._ask("query", {"query": expression, "time": f"{at:.3f}"}, _raw)

    async def query_range_raw(self, expression: str, start: float, end: float, step: float) -> list[RawSeries]:
        """Evaluate an expression as `query_range` does, values as text. Raises PrometheusError."""
        given = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return await self._ask("query_range", given, _raw)

    async def _ask(self, path: str, parameters: dict[str, str], read: Callable[[Any], Answer]) -> Answer:
        data = await self._get(path, parameters)
        try:
            return read(data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise PrometheusError(f"{self.shown_url}: not a Prometheus answer to {path}") from error

    async def _get(self, path: str, parameters: dict[str, str]) -> Any:
        try:
            async with httpx.AsyncClient(timeout=self._timeout, transport=self._transport, verify=self._tls) as client:
                response = await client.post(f"{self._url}/api/v1/{path}", data=parameters)
            answer = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            reason = (
                type(error).__name__ if isinstance(error, httpx.InvalidURL) else (str(error) or type(error).__name__)
            )
            raise PrometheusError(f"{self.shown_url}: {reason}") from error
        if not isinstance(answer, dict) or answer.get("status") != "success":
            message = answer.get("error", "no answer") if isinstance(answer, dict) else "not a Prometheus answer"
            raise PrometheusError(f"{self.shown_url}: {message}")
        if answer.get("data") is None:
            raise PrometheusError(f"{self.shown_url}: an answer without data")
        return answer["data"]


def _samples(data: Any) -> list[Sample]:
    return [Sample(_labels(row), float(row["value"][1]), float(row["value"][0])) for row in _vector(data)]


def _series(data: Any) -> list[Series]:
    return [Series(_labels(row), [(float(t), float(v)) for t, v in row["values"]]) for row in data["result"]]


def _raw(data: Any) -> list[RawSeries]:
    return [RawSeries(_labels(row), [(float(t), str(v)) for t, v in row["values"]]) for row in data["result"]]


def _labels(row: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in row["metric"].items()}


def _vector(data: Any) -> list[Any]:
    if data["resultType"] == "scalar":
        return [{"metric": {}, "value": data["result"]}]
    if data["resultType"] != "vector":
        raise PrometheusError(f"expected an instant vector, got {data['resultType']}")
    return list(data["result"])
