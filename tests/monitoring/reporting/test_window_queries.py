"""What is put together from sums that were asked for once is what Prometheus itself makes of the whole expression."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from monitoring.domains.catalogue import signals
from monitoring.promql.expressions import expression, volume
from monitoring.reporting.window_queries import Questions
from monitoring.servers.prometheus import PrometheusClient, PrometheusError, Sample, Series
from tests.weeks import DAY, END, NEEDED, served

pytestmark = NEEDED
BY = [(), ("content_type",), ("config_version", "content_type")]


class Noting(PrometheusClient):
    """Notes what was asked for."""

    asked: Counter[str]

    async def query(self, expression: str, at: float | None = None) -> list[Sample]:
        self.asked[expression] += 1
        return await super().query(expression, at)

    async def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        self.asked[f"{expression} {start} {end} {step}"] += 1
        return await super().query_range(expression, start, end, step)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Noting]:
    with served(tmp_path_factory.mktemp("weeks")) as url:
        yield Noting(url)


@pytest.fixture(autouse=True)
def nothing_asked(client: Noting) -> None:
    client.asked = Counter()


def plain(found: list[Sample]) -> dict[tuple[tuple[str, str], ...], float]:
    return {tuple(sorted(one.labels.items())): one.value for one in found}


@pytest.mark.parametrize("by", BY, ids=["whole", "by_type", "by_version_and_type"])
def test_every_signal_has_the_value_that_prometheus_gives(client: Noting, by: tuple[str, ...]) -> None:
    split = [signal for signal in signals().values() if set(by) <= set(signal.splits)]
    texts = [expression(signal, "2d", by=by) for signal in split]
    texts += [volume(signal, "2d", by=by) for signal in split if signal.volume]

    async def ask() -> int:
        questions, some = Questions(client, END - 0.125, round(2 * DAY)), 0
        for text in texts:
            found, direct = await questions.samples(text), await client.query(text, END - 0.125)
            assert repr(plain(found)) == repr(plain(direct)), text  # NaN is NaN
            some += bool(direct)
        return some

    assert asyncio.run(ask()) > len(texts) / 3


def test_the_course_of_a_signal_is_what_prometheus_gives(client: Noting) -> None:
    text = expression(signals()["time_savings"], "6h", by=("content_type",))

    async def ask() -> None:
        found = await Questions(client, END, round(2 * DAY)).course(text, 21_600)
        direct = await client.query_range(text, END - 7 * 21_600, END, 21_600)
        expected = {tuple(one.labels.items()): one.points for one in direct}
        assert {tuple(one.labels.items()): one.points for one in found} == expected
        assert expected

    asyncio.run(ask())


def test_what_signals_have_in_common_is_asked_for_once_in_each_window(client: Noting) -> None:
    async def ask() -> None:
        questions = Questions(client, END, round(2 * DAY))
        for one in (questions, questions.about(END - DAY, round(2 * DAY))):
            await asyncio.gather(
                *(one.signal(signals()[name]) for name in ("bypass_rate", "error_rate", "time_savings"))
            )

    asyncio.run(ask())
    assert set(client.asked.values()) == {1}
    assert sum("increase(pipeline_items_total[2d])" in text for text in client.asked) == 2


def test_a_server_that_fails_fails_all_who_ask_and_leaves_nothing_behind(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def ask() -> None:
        questions = Questions(PrometheusClient("http://127.0.0.1:9"), END, round(DAY))
        await asyncio.gather(*(questions.signal(signal) for signal in signals().values()))

    with pytest.raises(PrometheusError):
        asyncio.run(ask())
    assert capfd.readouterr().err == ""
