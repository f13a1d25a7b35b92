from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from monitoring.servers.prometheus import PrometheusClient, PrometheusError, Sample


def client(answer: httpx.Response | Exception) -> PrometheusClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return PrometheusClient("http://user:pw@p:9090/", transport=httpx.MockTransport(handle))


def success(kind: str, result: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})


def test_a_vector_becomes_samples() -> None:
    row = {"metric": {"a": "b"}, "value": [12.5, "NaN"]}
    found = asyncio.run(client(success("vector", [row])).query("x", 1.0))
    assert (found[0].labels, found[0].timestamp) == ({"a": "b"}, 12.5)
    assert found[0].value != found[0].value


def test_a_scalar_is_a_sample_without_labels() -> None:
    assert asyncio.run(client(success("scalar", [3, "7"])).query("7")) == [Sample({}, 7.0, 3.0)]


def test_a_range_becomes_series() -> None:
    row = {"metric": {}, "values": [[1, "2"], [3, "+Inf"]]}
    found = asyncio.run(client(success("matrix", [row])).query_range("x", 1, 3, 2))
    assert found[0].points == [(1.0, 2.0), (3.0, float("inf"))]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(400, json={"status": "error", "error": "parse error: unexpected end"}), "unexpected end"),
        (httpx.Response(502, text="<html>"), "http://p:9090"),
        (httpx.Response(200, json=[1]), "not a Prometheus answer"),
        (httpx.Response(200, json={"status": "success"}), "an answer without data"),
        (httpx.Response(200, json={"status": "success", "data": None}), "an answer without data"),
        (httpx.Response(200, json={"status": "success", "data": {}}), "not a Prometheus answer to query"),
        (httpx.Response(200, json={"status": "success", "data": [1]}), "not a Prometheus answer to query"),
        (success("vector", [{"metric": {}}]), "not a Prometheus answer to query"),
        (success("vector", [{"metric": {}, "value": [1, "many"]}]), "not a Prometheus answer to query"),
        (success("vector", [{"metric": None, "value": [1, "2"]}]), "not a Prometheus answer to query"),
        (httpx.ConnectError("refused"), "refused"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
        (success("matrix", []), "instant vector"),
    ],
)
def test_whatever_goes_wrong_is_a_sentence_without_the_password(answer: Any, message: str) -> None:
    with pytest.raises(PrometheusError) as caught:
        asyncio.run(client(answer).query("x"))
    assert message in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("data", [{}, {"result": None}, {"result": [{"metric": {}}]}, {"result": [{"values": [[1]]}]}])
def test_a_range_without_what_it_should_hold_is_a_sentence_too(data: Any) -> None:
    answer = httpx.Response(200, json={"status": "success", "data": data})
    asking = client(answer)
    for question in (
        asking.query_range("x", 1, 3, 2),
        asking.query_range_raw("x", 1, 3, 2),
        asking.query_raw("x[1m]", 3),
    ):
        with pytest.raises(
            PrometheusError, match=r"http://p:9090: (not a Prometheus answer to|an answer without data)"
        ):
            asyncio.run(question)
