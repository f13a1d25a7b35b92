from __future__ import annotations

import gzip
from typing import Any

import pytest
from starlette.requests import Request

from exporter.pushgateway.pushing import raw_path
from tests.exporter.conftest import Running, Serve

PUSH = "/metrics/job/a"


@pytest.mark.parametrize(
    ("scope", "raw"),
    [
        ({"path": "/metrics/job/a b", "raw_path": b"/metrics/job/a%20b"}, "/metrics/job/a%20b"),
        (
            {"path": "/metrics/job/a", "raw_path": b"/metrics/job/a?x=1"},
            "/metrics/job/a",
        ),  # some servers keep the query
        ({"path": "/metrics/job/é", "raw_path": b"/metrics/job/%C3%A9"}, "/metrics/job/%C3%A9"),
        ({"path": "/metrics/job/a"}, "/metrics/job/a"),
    ],
)
def test_the_path_is_the_one_that_was_sent(scope: dict[str, Any], raw: str) -> None:
    assert raw_path(Request({"type": "http", "method": "PUT", "headers": [], "query_string": b"", **scope})) == raw


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "text/plain; version=0.0.4", "TEXT/PLAIN", "application/x-www-form-urlencoded"]
)
def test_text_is_taken_under_every_name_it_comes_by(running: Running, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert running.client.put(PUSH, content="a 1\n", headers=headers).status_code == 200
    assert running.value('a{instance="",job="a"}') == 1


def test_a_body_may_be_compressed(running: Running) -> None:
    body = gzip.compress(b"a 1\n")
    assert running.client.put(PUSH, content=body, headers={"Content-Encoding": "gzip"}).status_code == 200
    assert running.value('a{instance="",job="a"}') == 1


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"a 1\n", {"Content-Type": "application/json"}, 415),
        (b"a 1\n", {"Content-Encoding": "br"}, 415),
        (b"a 1\n", {"Content-Encoding": "gzip"}, 400),
        (b"\xff", {}, 400),
        (b"a 1", {"Content-Type": "application/openmetrics-text"}, 400),  # without # EOF
        (b"x" * 3000, {}, 413),
    ],
)
def test_a_refused_push_changes_nothing_but_the_time_of_the_last_failure(
    serve: Serve, content: bytes, headers: dict[str, str], status: int
) -> None:
    running = serve(max_body_bytes=2000)
    running.client.put(PUSH, content="a 7\n").raise_for_status()
    before = running.value("push_time_seconds")
    assert running.value("push_failure_time_seconds") == 0
    response = running.client.put(PUSH, content=content, headers=headers)
    assert response.status_code == status
    assert response.json()["error"]["message"]
    assert running.value('a{instance="",job="a"}') == 7
    assert running.value("push_time_seconds") == before
    assert (running.value("push_failure_time_seconds") > 0) == (status != 415 or "Content-Encoding" in headers)


def test_deleting_what_is_not_there_is_fine(running: Running) -> None:
    assert running.client.delete(PUSH).status_code == 202
    assert running.client.delete("/metrics/job/a/b").status_code == 400
    assert "push_time_seconds" not in running.text()


def test_a_line_break_in_the_address_is_part_of_the_value(running: Running) -> None:
    for path in ("/metrics/job/a%0Ab", "/metrics/job/a/shard/%0Ac", "/metrics/job/d%0A"):
        assert running.client.put(path, content="a 1\n").status_code == 200
    assert running.value(r'a{instance="",job="a\nb"}') == 1
    assert running.value(r'a{instance="",job="a",shard="\nc"}') == 1
    assert running.client.delete("/metrics/job/d%0A").status_code == 202
    assert r'job="d\n"' not in running.text()


def test_what_a_pushgateway_refuses_is_refused_with_the_line(running: Running) -> None:
    answer = running.client.put(PUSH, content='fine 1\nb{x="\\x"} 1\n')
    assert answer.status_code == 400
    assert "line 2: labels are written" in answer.json()["error"]["message"]
