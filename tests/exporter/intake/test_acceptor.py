from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from exporter.app import create_app
from exporter.counting.counters import Counters
from exporter.counting.trends import HOURS_KEPT, Trends
from exporter.errors import ApiError
from exporter.exporter import Exporter
from exporter.intake.acceptor import Acceptor, Limits
from exporter.intake.bodies import Budget
from exporter.intake.decoding import read_body
from exporter.journal.entries import Entry
from exporter.journal.gate import Gate
from exporter.journal.journal import Journal, NoJournal
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.exporter.families import RECORDS
from pipeline.events import ItemFinished
from pipeline.metrics.registry import Metrics
from tests.exporter.conftest import Running

ONE = read_body(b'{"processing_type":"full"}', "one", only_items=True)


class SlowDisk(Journal):
    """A journal whose disk takes its time until it is told otherwise."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, sync="full")
        self.go = threading.Event()
        self.groups: list[int] = []

    def append(self, entries: Sequence[Entry], keys: Sequence[bytes] = (), now: float = 0.0) -> None:
        assert self.go.wait(10)
        self.groups.append(len(entries))
        super().append(entries, keys, now)


def acceptor_of(journal: Journal | NoJournal, limits: Limits | None = None) -> Acceptor:
    counters = Counters(Metrics(CollectorRegistry()))
    return Acceptor(counters, Gate(journal, counters.metrics.family("exporter_journal_errors_total")), limits=limits)


def test_beyond_the_limit_senders_are_told_to_come_back(tmp_path: Path) -> None:
    journal = SlowDisk(tmp_path / "j.sqlite")
    acceptor = acceptor_of(journal, Limits(requests=5))

    async def main() -> None:
        first = asyncio.ensure_future(acceptor.submit(ONE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting = [asyncio.ensure_future(acceptor.submit(ONE)) for _ in range(5)]
        await asyncio.sleep(0)
        assert acceptor.pending == 5
        with pytest.raises(ApiError) as caught:
            await acceptor.submit(ONE)
        assert (caught.value.status, caught.value.reason) == (503, "busy")
        assert caught.value.headers["Retry-After"] == "1"
        journal.go.set()
        await asyncio.gather(first, *waiting)
        assert acceptor.pending == 0

    asyncio.run(main())
    assert journal.groups == [1, 1]  # what waited shared one commit, and one entry
    journal.close()


def test_bytes_that_wait_are_bounded_too(tmp_path: Path) -> None:
    journal = SlowDisk(tmp_path / "j.sqlite")
    acceptor = acceptor_of(journal, Limits(size_bytes=100))
    big = read_body(b"[" + b" " * 90 + b"]", "array", only_items=True)

    async def main() -> None:
        acceptor._gate.paused = True
        waiting = asyncio.ensure_future(acceptor.submit(big))
        await asyncio.sleep(0)
        with pytest.raises(ApiError, match="waiting already"):
            await acceptor.submit(ONE)
        acceptor._gate.paused = False
        journal.go.set()
        acceptor.schedule()
        await waiting

    asyncio.run(main())
    journal.close()


def test_what_arrives_together_shares_one_commit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    acceptor = acceptor_of(journal)

    async def main() -> None:
        await asyncio.gather(*(acceptor.submit(ONE, key=f"k{n % 7}") for n in range(50)))

    asyncio.run(main())
    rows = list(journal.entries())
    assert len(rows) == 1
    assert rows[0].body.count(b"full") == 7
    journal.close()


def test_a_sender_that_goes_away_while_it_waits_disturbs_nobody(tmp_path: Path) -> None:
    acceptor = acceptor_of(NoJournal())

    async def main() -> None:
        acceptor._gate.paused = True
        gone, stays = (asyncio.ensure_future(acceptor.submit(ONE)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        acceptor._gate.paused = False
        acceptor.schedule()
        assert not (await stays).duplicate

    asyncio.run(main())
    assert acceptor._counters.metrics.family(RECORDS)._value.get() == 2  # it was already accepted


def test_a_bug_while_counting_is_an_answer_and_the_next_group_works() -> None:
    acceptor = acceptor_of(NoJournal())
    broken, acceptor._counters._bulk = acceptor._counters._bulk, None  # type: ignore[assignment]

    async def main() -> None:
        with pytest.raises(ApiError) as caught:
            await acceptor.submit(ONE)
        assert caught.value.status == 500
        acceptor._counters._bulk = broken
        assert (await acceptor.submit(ONE)).count == 1

    asyncio.run(main())


def test_the_application_answers_503_with_retry_after_when_behind() -> None:
    settings = ExporterSettings(max_waiting_requests=3)
    app = create_app(settings=settings, config=Config())
    exporter: Exporter = app.state.exporter

    async def main() -> list[int]:
        exporter.gate.paused = True
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            body = {"processing_type": "full"}
            paths = ["/api/performance/record", "/api/events"]
            bodies = [body, {"type": "item_finished", **body}]
            sent = [asyncio.ensure_future(client.post(paths[n % 2], json=bodies[n % 2])) for n in range(10)]
            done, _ = await asyncio.wait(sent, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            assert next(iter(done)).result().headers["retry-after"] == "1"
            exporter.gate.paused = False
            exporter.acceptor.schedule()
            return [response.status_code for response in await asyncio.gather(*sent)]

    statuses = asyncio.run(main())
    assert sorted(statuses) == [200] * 3 + [503] * 7
    value = exporter.metrics.registry.get_sample_value
    assert value("exporter_rejected_records_total", {"reason": "busy"}) == 7
    assert value(RECORDS.name) == 3


def test_room_for_bodies_is_given_back() -> None:
    budget = Budget(100)
    budget.take(60)
    with pytest.raises(ApiError, match="try again"):
        budget.take(60)
    budget.give_back(60)
    budget.take(100)
    assert budget.used == 100


def test_after_any_request_no_room_is_lost(running: Running) -> None:
    budget = running.exporter.requests._budget
    for body, headers in (
        (b"[{}]", {"Content-Encoding": "gzip"}),
        (b"[", {}),
        (b"[]", {}),
        (b"[]", {"Content-Type": "x/y"}),
    ):
        running.client.post("/api/performance/record/batch", content=body, headers=headers)
    assert budget.used == 0


def test_trends_keep_a_week_of_hours() -> None:
    trends = Trends()
    for hour in range(HOURS_KEPT + 10):
        trends.note(
            [ItemFinished("full", quality_score=0.5), ItemFinished("lightweight", quality_score=0.1)], hour * 3600.0
        )
    assert len(trends.all()) == HOURS_KEPT
    last = trends.last(2, (HOURS_KEPT + 9) * 3600.0 + 10)
    assert [(hour.items, hour.mean(0), hour.mean(1)) for hour in last[-2:]] == [(2, 0.5, None)] * 2
