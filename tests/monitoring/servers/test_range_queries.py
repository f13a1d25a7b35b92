from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from monitoring.servers.prometheus import PrometheusClient, PrometheusError
from monitoring.servers.range_queries import RangeReader, Window

Asked = list[tuple[int, int]]


def reader(asked: Asked, *, most: int = 11_000, refusal: str = "too many samples", points: int = 5000) -> RangeReader:
    """A server that has the value t at every time t and refuses more than so many of them."""

    def handle(request: httpx.Request) -> httpx.Response:
        given = dict(httpx.QueryParams(request.content.decode()))
        start, end, step = (int(float(given[name])) for name in ("start", "end", "step"))
        asked.append((start, end))
        times = range(start, end + 1, step)
        if len(times) > most:
            return httpx.Response(422, json={"status": "error", "error": refusal})
        result = [{"metric": {"a": "1"}, "values": [[at, str(at)] for at in times]}]
        return httpx.Response(
            200, text=json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})
        )

    return RangeReader(PrometheusClient("http://p", transport=httpx.MockTransport(handle)), points=points)


def test_a_long_window_is_read_in_pieces_without_gap_or_overlap() -> None:
    asked: Asked = []
    window = Window(0, 12_000 * 15, 15)
    assert asyncio.run(reader(asked).times("x", window)) == list(range(0, 180_001, 15))
    assert asked == [(0, 74_985), (75_000, 149_985), (150_000, 180_000)]


def test_pieces_become_smaller_until_the_server_answers() -> None:
    asked: Asked = []
    assert asyncio.run(reader(asked, most=700).times("x", Window(0, 2000, 1))) == list(range(2001))
    assert max(end - start for start, end in asked[2:]) < 700


@pytest.mark.parametrize(("most", "refusal"), [(0, "too many samples"), (700, "unknown function")])
def test_what_smaller_pieces_cannot_mend_is_raised(most: int, refusal: str) -> None:
    with pytest.raises(PrometheusError, match=refusal):
        asyncio.run(reader([], most=most, refusal=refusal).times("x", Window(0, 2000, 1)))


def test_a_window_ends_at_the_last_multiple_of_its_step() -> None:
    window = Window.ending(1_000_059.9, 3600, 60)
    assert (window.start, window.end, window.points) == (996_420, 1_000_020, 61)
    assert Window.ending(100.0, 65, 30) == Window(30, 90, 30)
    assert window.since(996_421).start == 996_480
