"""The archive is the same however it is read: a family at once, or label set by label set and stretch by stretch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from bench.backfill import Series, backfill, running_prometheus
from monitoring.archive.archive import Archive, Window
from monitoring.archive.text import JsonText, OpenMetricsText, Text
from monitoring.servers.prometheus import PrometheusClient
from tests.weeks import NEEDED

END = 1_795_219_200
TIMES = np.arange(END - 7200, END + 1, 15.0)
WINDOW = Window(END - 3600, END)


def _made() -> Iterator[Series]:
    rising = np.arange(len(TIMES), dtype=np.float64)
    for number, kind in enumerate(("news", 'a "quoted" \\ one\n', "")):
        labels = {"job": "pipeline", "processing_type": "full"} | ({"content_type": kind} if kind else {})
        yield Series("pipeline_items_total", labels, TIMES, rising + 0.125 * number)
        for edge, share in (("0.5", 0.0), ("10.0", 0.5), ("+Inf", 1.0)):
            yield Series("pipeline_item_duration_seconds_bucket", {**labels, "le": edge}, TIMES, rising * share)
        yield Series("pipeline_item_duration_seconds_count", labels, TIMES, rising)
        yield Series("pipeline_item_duration_seconds_sum", labels, TIMES, rising * 3.3)
    yield Series("pipeline_items_in_progress", {"job": "pipeline"}, TIMES, np.where(rising % 2 > 0, np.nan, np.inf))
    yield Series("up", {"job": "somebody_elses"}, TIMES, rising)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("archive")
    backfill(_made(), folder)
    with running_prometheus(folder) as url:
        yield url


def text_of(url: str, form: Callable[[Callable[[str], None]], Text], at_once: int, window: Window = WINDOW) -> str:
    async def read() -> str:
        pieces: list[str] = []
        text, archive = form(pieces.append), Archive(PrometheusClient(url), window, at_once)
        text.begin(window)
        for group in await archive.groups(apart=text.apart):
            text.group(group)
            async for unit, found in archive.pieces(group):
                text.piece(unit, found)
        text.end()
        return "".join(pieces)

    return asyncio.run(read())


@NEEDED
@pytest.mark.parametrize("form", [OpenMetricsText, JsonText])
@pytest.mark.parametrize("step", [None, 60])
def test_pieces_make_the_same_text_as_the_whole(
    prometheus: str, form: Callable[[Callable[[str], None]], Text], step: int | None
) -> None:
    window = Window(WINDOW.start, WINDOW.end, step)
    whole = text_of(prometheus, form, 200_000, window)
    assert text_of(prometheus, form, 70, window) == whole
    assert whole.count("somebody_elses") == 0


@NEEDED
def test_every_sample_is_there_once_and_as_it_was(prometheus: str) -> None:
    lines = text_of(prometheus, OpenMetricsText, 70).splitlines()
    assert lines[-1] == "# EOF"
    items = [line for line in lines if line.startswith("pipeline_items_total")]
    assert len(items) == len(set(items)) == 3 * 240
    last = (
        'pipeline_items_total{content_type="a \\"quoted\\" \\\\ one\\n",job="pipeline",processing_type="full"} 480.125 '
    )
    assert f"{last}{END}.000" in items
    values = {line.split()[1] for line in lines if line.startswith("pipeline_items_in_progress")}
    assert values == {"NaN", "+Inf"}
    order = [line.partition("{")[0].rpartition("_")[2] for line in lines if line.startswith("pipeline_item_duration")]
    assert order[:10] == ["bucket", "bucket", "bucket", "count", "sum"] * 2
    families = json.loads(text_of(prometheus, JsonText, 70))["families"]
    assert [family["name"] for family in families] == [
        "pipeline_items_total", "pipeline_item_duration_seconds", "pipeline_items_in_progress",
    ]  # fmt: skip
    assert {len(series["values"]) for family in families for series in family["series"]} == {240}


def test_one_answer_is_no_larger_than_what_is_asked_for_at_once() -> None:
    spans: list[tuple[str, int]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked = dict(httpx.QueryParams(request.content.decode()))["query"]
        if asked.startswith("count_over_time"):
            counted = 100_000 if "pipeline_items_total" in asked else 0
            result = [{"metric": {"content_type": "news"}, "value": [END, str(counted)]}] if counted else []
            return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})
        spans.append((asked, int(asked.rpartition("[")[2].rstrip("s]"))))
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": []}})

    async def read() -> None:
        client = PrometheusClient("http://p", transport=httpx.MockTransport(answer))
        archive = Archive(client, Window(END - 1_000_000, END), 10_000)
        for group in await archive.groups():
            async for _ in archive.pieces(group):
                pass

    asyncio.run(read())
    assert [seconds for _, seconds in spans] == [100_000] * 10
    assert spans[0][0] == '{__name__="pipeline_items_total", content_type="news"}[100000s]'
