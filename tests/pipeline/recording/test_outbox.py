from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pipeline.events import ItemFinished, StageFinished
from pipeline.recording.outbox import DropReason, Outbox
from pipeline.recording.spool import Batch, Spool
from pipeline.zstd import decompress


class Boxes:
    """Makes outboxes and remembers what they dropped."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder, "http://a")
        self.dropped: Counter[DropReason] = Counter()

    def drop(self, reason: DropReason, count: int, why: str) -> None:
        self.dropped[reason] += count

    def make(self, *, ahead: bool = False, spool: bool = True, refused: Callable[[], None] = lambda: None) -> Outbox:
        return Outbox(
            self.spool if spool else None,
            ahead=ahead,
            batch_events=4,
            buffer_events=10,
            clock=lambda: 100.0,
            drop=self.drop,
            refused=refused,
        )


@pytest.fixture
def boxes(tmp_path: Path) -> Boxes:
    return Boxes(tmp_path / "spool")


def stages(*seconds: float) -> list[StageFinished]:
    return [StageFinished("download", second) for second in seconds]


def seconds_of(batch: Batch | None) -> list[float]:
    assert batch is not None
    return [event["duration_seconds"] for event in msgspec.json.decode(decompress(batch.body))]


def take(outbox: Outbox, *, away: bool = False) -> Batch | None:
    outbox.fill(everything=True)
    return outbox.next(away=away, disk=True, others=True)


@pytest.mark.parametrize("ahead", [False, True])
def test_events_leave_in_batches_in_the_order_in_which_they_came(boxes: Boxes, ahead: bool) -> None:
    outbox = boxes.make(ahead=ahead)
    outbox.add(stages(1, 2, 3, 4, 5, 6))
    assert outbox.count == 6
    first = take(outbox)
    assert seconds_of(first) == [1, 2, 3, 4]
    assert first is not None
    outbox.remove(first)
    assert outbox.count == 2
    second = take(outbox)
    assert seconds_of(second) == [5, 6]
    assert second is not None
    outbox.remove(second)
    assert (outbox.count, take(outbox)) == (0, None)


@pytest.mark.parametrize("ahead", [False, True])
def test_what_is_not_valid_is_left_out_and_counted(boxes: Boxes, ahead: bool) -> None:
    outbox = boxes.make(ahead=ahead)
    outbox.add([*stages(1), ItemFinished("full", quality_score=math.nan), "nothing", *stages(2)])  # type: ignore[list-item]
    assert seconds_of(take(outbox)) == [1, 2]
    assert boxes.dropped == {"invalid": 2}


def test_what_finds_no_room_is_counted(boxes: Boxes) -> None:
    outbox = boxes.make()
    outbox.add(stages(*range(13)))
    assert boxes.dropped == {"buffer_full": 3}


def test_where_the_disk_refuses_events_are_held_in_memory_and_that_is_said_once(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    said: list[str] = []
    outbox = boxes.make(ahead=True, refused=lambda: said.append("refused"))
    outbox.add(stages(1))
    outbox.add(stages(2))
    assert seconds_of(take(outbox)) == [1, 2]
    assert said == ["refused"]


def test_nothing_is_lost_between_the_buffer_and_its_batch(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = boxes.make()
    outbox.add(stages(1, 2))

    def interrupted(*_: object) -> Batch:
        raise KeyboardInterrupt

    monkeypatch.setattr(Batch, "of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        outbox.fill(everything=True)
    monkeypatch.undo()
    assert seconds_of(take(outbox)) == [1, 2]


def test_while_the_exporter_is_away_what_is_written_ahead_is_not_cut_into_pieces(boxes: Boxes) -> None:
    outbox = boxes.make(ahead=True)
    boxes.spool.put(Batch.of("old", 1.0, [b'{"duration_seconds":9}']))
    outbox.add(stages(1))
    assert seconds_of(take(outbox, away=True)) == [9]
    outbox.keep()
    assert outbox.count == 1
    assert seconds_of(take(outbox)) == [1]
    outbox.keep()
    assert outbox.count == 0  # it is anybody's
    assert boxes.spool.has_left_over()


@pytest.mark.parametrize("spooled", [False, True])
def test_halves_of_a_refused_batch_have_keys_that_follow_from_its_own(boxes: Boxes, spooled: bool) -> None:
    outbox = boxes.make()
    if spooled:
        boxes.spool.put(Batch.of("whole", 50.0, [b"1", b"2", b"3"]))
    else:
        outbox.add(stages(1, 2, 3))
    whole = take(outbox)
    assert whole is not None
    outbox.split(whole, "HTTP 422")
    halves = []
    while half := take(outbox):
        halves.append(half)
        outbox.remove(half)
    assert {half.key for half in halves} == {
        hashlib.sha256(f"{whole.key}/{n}".encode()).hexdigest()[:32] for n in (0, 1)
    }
    assert sorted(half.count for half in halves) == [1, 2]
    assert {half.since for half in halves} == {whole.since}


def test_an_event_that_is_refused_alone_is_counted_and_forgotten(boxes: Boxes) -> None:
    outbox = boxes.make(ahead=True)
    outbox.add(stages(1))
    batch = take(outbox)
    assert batch is not None
    outbox.split(batch, "HTTP 422")
    assert boxes.dropped == {"refused": 1}
    assert take(outbox) is None


def test_put_away_memory_is_in_the_spool_or_counted_as_lost(boxes: Boxes) -> None:
    with_spool, without = boxes.make(), boxes.make(spool=False)
    for outbox in (with_spool, without):
        outbox.add(stages(1, 2))
        outbox.fill(everything=True)
        outbox.put_away()
        assert outbox.count == 0
    assert boxes.dropped == {"no_spool": 2}
    assert boxes.spool.has_left_over()
