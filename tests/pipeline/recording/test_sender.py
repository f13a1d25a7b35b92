from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.events import StageFinished
from pipeline.recording.delivery import Answer, Delivery
from pipeline.recording.outbox import Outbox
from pipeline.recording.sender import PushSettings, Sender
from pipeline.recording.spool import Batch, Spool

QUICK = PushSettings(batch_seconds=0.01, patience_seconds=0.05, close_seconds=2.0)


class Scripted(Delivery):
    """Does what it is told instead of sending, then takes everything."""

    def __init__(self, *acts: Callable[[], Answer]) -> None:
        self.acts = list(acts)
        self.sent: list[Batch] = []

    def send(self, batch: Batch) -> Answer:
        answer = self.acts.pop(0)() if self.acts else Answer("delivered")
        if answer.verdict == "delivered":
            self.sent.append(batch)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def raising(error: BaseException) -> Callable[[], Answer]:
    def act() -> Answer:
        raise error

    return act


class Sending:
    """A sender with its outbox."""

    def __init__(self, folder: Path, delivery: Callable[[], Delivery], *, ahead: bool = False) -> None:
        self.outbox = Outbox(
            Spool(folder, "http://a"),
            ahead=ahead,
            batch_events=1000,
            buffer_events=1000,
            clock=time.time,
            drop=lambda *_: None,
        )
        self.sender = Sender(self.outbox, QUICK, delivery, rng=random.Random(2))

    def record(self, count: int) -> None:
        self.outbox.add([StageFinished("download", 1.0)] * count)
        self.sender.start()


@pytest.fixture
def closing() -> Iterator[list[Sending]]:
    made: list[Sending] = []
    yield made
    for sending in made:
        sending.sender.close()


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    waiting, until = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        waiting.wait(0.01)


def test_pauses_between_attempts_grow_and_are_jittered(tmp_path: Path) -> None:
    outbox = Sending(tmp_path, Scripted).outbox
    sender = Sender(outbox, QUICK, Scripted, timer=lambda: 0.0, rng=random.Random(2))
    pauses = []
    for _ in range(12):
        sender._went_away(Answer("away"))
        pauses.append(sender._next_attempt)
    for n, pause in enumerate(pauses):
        ceiling = min(30.0, 0.25 * 2**n)
        assert ceiling / 2 <= pause <= ceiling
    assert len(set(pauses)) == len(pauses)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt("now")])
def test_a_thread_that_dies_is_told_counted_and_started_anew_and_loses_nothing(
    tmp_path: Path, closing: list[Sending], error: BaseException, ahead: bool
) -> None:
    delivery = Scripted(raising(error))
    sending = Sending(tmp_path, lambda: delivery, ahead=ahead)
    closing.append(sending)
    with capture_logs() as logs:
        sending.record(5)
        eventually(lambda: sending.sender.delivered == 5)
    assert [batch.count for batch in delivery.sent] == [5]
    assert sending.sender.deaths == 1
    told = [log for log in logs if log["log_level"] == "error"]
    assert len(told) == 1
    assert type(error).__name__ in str(told)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_round_that_fails_is_told_and_the_next_one_delivers(
    tmp_path: Path, closing: list[Sending], ahead: bool
) -> None:
    sending = Sending(tmp_path, lambda: Scripted(raising(MemoryError())), ahead=ahead)
    closing.append(sending)
    with capture_logs() as logs:
        sending.record(5)
        eventually(lambda: sending.sender.delivered == 5)
    assert [log["event"] for log in logs] == ["a round of delivering metrics failed"]
    assert sending.sender.deaths == 0


def test_a_sender_that_cannot_be_made_is_told_and_made_again(tmp_path: Path, closing: list[Sending]) -> None:
    made: list[Scripted] = []

    def second_time() -> Delivery:
        made.append(Scripted())
        if len(made) == 1:
            raise ValueError("the proxy's address is none")
        return made[-1]

    sending = Sending(tmp_path, second_time)
    closing.append(sending)
    with capture_logs() as logs:
        sending.record(3)
        eventually(lambda: sending.sender.delivered == 3)
    assert sending.sender.deaths == 1
    assert "the proxy's address is none" in str(logs)


def never() -> Delivery:
    raise ImportError("half a module")


def test_a_sender_that_can_never_be_made_is_told_once_and_leaves_what_it_holds_on_disk(tmp_path: Path) -> None:
    sending = Sending(tmp_path, never)
    with capture_logs() as logs:
        sending.record(7)
        eventually(lambda: sending.sender.deaths == 1)
        sending.sender.close()
    assert not sending.sender.runs
    assert len(logs) == 1
    assert sending.sender.deaths < 10
    assert sending.outbox.count == 0
    kept = Spool(tmp_path, "http://a").claim(time.time(), lambda _: None)
    assert kept is not None
    assert kept[1].count == 7


def test_a_sender_that_goes_on_dying_does_not_hold_up_a_fork(tmp_path: Path, closing: list[Sending]) -> None:
    sending = Sending(tmp_path, never)
    closing.append(sending)
    sending.record(1)
    eventually(lambda: sending.sender.deaths == 1)
    sending.sender.pause()
    sending.sender.paused(5.0)
    assert not sending.sender.runs
    sending.sender.resume()


def test_rounds_that_go_on_failing_are_told_once(tmp_path: Path, closing: list[Sending]) -> None:
    delivery = Scripted(*[raising(MemoryError())] * 3)
    sending = Sending(tmp_path, lambda: delivery)
    closing.append(sending)
    with capture_logs() as logs:
        sending.record(5)
        eventually(lambda: sending.sender.delivered == 5)
    assert [log["event"] for log in logs] == ["a round of delivering metrics failed"]


def test_a_thread_that_is_gone_is_noticed_with_the_next_record(tmp_path: Path, closing: list[Sending]) -> None:
    """As after a fork that no hook was told of: the thread is in the parent only."""
    sending = Sending(tmp_path, Scripted)
    closing.append(sending)
    gone = threading.Thread(target=lambda: None)
    gone.start()
    gone.join()
    sending.sender._thread = gone
    with capture_logs() as logs:
        sending.record(3)
        eventually(lambda: sending.sender.delivered == 3)
    assert sending.sender.deaths == 1
    assert len(logs) == 1


def test_around_a_fork_there_is_no_thread_and_nothing_waits(tmp_path: Path, closing: list[Sending]) -> None:
    delivery = Scripted()
    sending = Sending(tmp_path, lambda: delivery)
    closing.append(sending)
    sending.record(3)
    sending.sender.pause()
    sending.sender.paused(5.0)
    assert not sending.sender.runs
    assert sending.sender.delivered == 3
    sending.record(2)
    assert not sending.sender.runs
    sending.sender.resume()
    eventually(lambda: sending.sender.delivered == 5)


def test_a_fork_does_not_wait_for_an_exporter_that_does_not_answer(tmp_path: Path, closing: list[Sending]) -> None:
    begun, answer = threading.Event(), threading.Event()

    def slow() -> Answer:
        begun.set()
        answer.wait(10.0)
        return Answer("delivered")

    delivery = Scripted(slow)
    sending = Sending(tmp_path, lambda: delivery)
    closing.append(sending)
    sending.record(1)
    assert begun.wait(10.0)
    sending.sender.pause()
    sending.sender.paused(0.01)
    assert sending.sender.runs
    sending.sender.resume()
    answer.set()
    eventually(lambda: sending.sender.delivered == 1)


def test_closing_waits_for_a_fork_that_another_thread_makes(tmp_path: Path) -> None:
    sending = Sending(tmp_path, Scripted)
    sending.sender.pause()
    sending.sender.paused(1.0)
    sending.record(4)
    closer = threading.Thread(target=sending.sender.close)
    closer.start()
    sending.sender.resume()
    closer.join()
    assert sending.sender.delivered == 4
