from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporter.counting.counters import Counters
from exporter.errors import ApiError
from exporter.intake.acceptor import Acceptor, Limits, Outcome
from exporter.intake.decoding import read_body
from exporter.journal.entries import Entry, key_hash
from exporter.journal.gate import Gate
from exporter.journal.journal import Journal
from exporter.journal.memory import NoJournal
from pipeline.domains.catalogue import live_metrics
from pipeline.domains.exporter.families import JOURNAL_ERRORS, RECORDS

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
    counters = Counters(live_metrics(CollectorRegistry()))
    return Acceptor(counters, Gate(journal, counters.metrics.family(JOURNAL_ERRORS)), limits=limits)


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


@pytest.mark.parametrize("journaled", [True, False])
def test_of_two_that_come_at_once_under_one_key_with_other_content_the_first_counts(
    tmp_path: Path, journaled: bool
) -> None:
    journal = Journal(tmp_path / "j.sqlite") if journaled else NoJournal()
    acceptor = acceptor_of(journal)
    other = read_body(b'{"processing_type":"lightweight"}', "one", only_items=True)

    async def main() -> None:
        sent = [acceptor.submit(body, "k") for body in (ONE, other, ONE)]
        first, second, third = await asyncio.gather(*sent, return_exceptions=True)
        assert first == Outcome(duplicate=False, count=1)
        assert isinstance(second, ApiError)
        assert (second.status, second.reason, second.records) == (422, "key", 1)
        assert third == Outcome(duplicate=True, count=1)
        with pytest.raises(ApiError, match="other content"):
            await acceptor.submit(other, "k")

    asyncio.run(main())
    assert journal.key_count == 1
    journal.close()


def test_a_key_that_was_kept_when_content_was_not_yet_makes_a_repeat_whatever_it_brings(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append([], [key_hash("k")], 1.0)
    assert asyncio.run(acceptor_of(journal).submit(ONE, "k")).duplicate
    journal.close()
