from __future__ import annotations

import asyncio
import json

import httpx
import numpy as np
import pytest

from monitoring.replay.evaluation import Present
from monitoring.replay.leaves import LeafReader, stretches
from monitoring.servers.prometheus import PrometheusClient, PrometheusError
from monitoring.servers.range_queries import RangeReader, Window

WINDOW = Window(6000, 6000 + 99 * 60, 60)


class Server:
    """Has two series with the value t at every time t; `asked`: expression, first and last index of WINDOW."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self.refuses = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        given = dict(httpx.QueryParams(request.content.decode()))
        start, end = (int(float(given[name])) for name in ("start", "end"))
        self.asked.append((given["query"], (start - WINDOW.start) // 60, (end - WINDOW.start) // 60))
        if self.refuses:
            return httpx.Response(400, json={"status": "error", "error": "parse error"})
        values = [[at, str(at)] for at in range(start, end + 1, 60)]
        result = [{"metric": {"a": a}, "values": values} for a in "12"]
        body = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return httpx.Response(200, text=json.dumps(body))

    def reader(self) -> LeafReader:
        return LeafReader(RangeReader(PrometheusClient("http://p", transport=httpx.MockTransport(self.answer))))


def at(*spans: tuple[int, int]) -> Present:
    found = np.zeros(WINDOW.points, dtype=np.bool_)
    for first, last in spans:
        found[first : last + 1] = True
    return found


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(0, 99)], [(0, 99)]),
        ([(3, 3), (20, 21), (99, 99)], [(3, 3), (20, 21), (99, 99)]),
        ([(3, 3), (19, 21), (38, 40)], [(3, 21), (38, 40)]),
    ],
)
def test_times_become_stretches_and_short_gaps_are_bridged(
    spans: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    assert list(stretches(at(*spans))) == expected
    assert list(stretches(at(*spans), gap=0)) == spans


def test_a_leaf_is_asked_for_what_is_wanted_and_not_known_yet() -> None:
    server = Server()

    async def read() -> list[int]:
        reader = server.reader()
        await reader.read("up", WINDOW, at((0, 9), (50, 59)))
        await reader.read("up", WINDOW, at((5, 12), (52, 55)))
        await reader.read("down", WINDOW, at((5, 6)))
        rows = await reader.read("up", WINDOW, at())
        assert list(rows) == [(("a", "1"),), (("a", "2"),)]
        row = rows[("a", "2"),]
        assert (row.values[row.present] == 6000 + 60 * np.flatnonzero(row.present)).all()
        return [int(index) for index in np.flatnonzero(row.present)]

    assert asyncio.run(read()) == [*range(13), *range(50, 60)]
    assert server.asked == [("up", 0, 9), ("up", 50, 59), ("up", 10, 12), ("down", 5, 6)]


def test_rules_that_ask_at_once_have_their_leaf_read_once() -> None:
    server = Server()

    async def read() -> None:
        reader = server.reader()
        await asyncio.gather(*(reader.read("up", WINDOW, at((0, 40 + n))) for n in range(3)))

    asyncio.run(read())
    assert server.asked == [("up", 0, 40), ("up", 41, 41), ("up", 42, 42)]


def test_a_refusal_reaches_everybody_and_is_not_remembered_as_silence() -> None:
    server = Server()
    server.refuses = True

    async def read() -> None:
        reader = server.reader()
        for _ in range(2):
            with pytest.raises(PrometheusError, match="parse error"):
                await reader.read("up", WINDOW, at((0, 3)))
        server.refuses = False
        assert len(await reader.read("up", WINDOW, at((0, 3)))) == 2

    asyncio.run(read())
