from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.recording.ahead import HELD_SEGMENTS, LONGEST_SECONDS, Ahead
from pipeline.recording.spool import Spool
from pipeline.zstd import decompress

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # a fork beside threads


class Clock:
    """Advances by what it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", "http://a")


def sent(ahead: Ahead) -> bytes | None:
    segment = ahead.next()
    if segment is None:
        return None
    batch = segment.read()
    segment.remove()
    assert batch is not None
    return decompress(batch.body)


def left(spool: Spool) -> int:
    """How many events anybody may deliver."""
    count = 0
    while found := spool.claim(1000.0, lambda _: None):
        count += found[1].count
        found[0].remove()
    return count


def test_events_are_on_disk_at_once_and_sent_in_order(spool: Spool, clock: Clock, tmp_path: Path) -> None:
    ahead = Ahead(spool, 100, clock)
    assert ahead.append([b"1", b"2"]) == 2
    assert ahead.append([b"3"]) == 1
    (path,) = (tmp_path / "spool").iterdir()
    assert path.read_bytes() == b"1\n2\n3\n"
    assert (ahead.waiting, ahead.count) == (3, 3)
    assert sent(ahead) == b"[1,2,3]"
    assert (ahead.waiting, ahead.count, sent(ahead)) == (0, 0, None)


def test_a_segment_holds_as_many_events_as_a_batch(spool: Spool, clock: Clock) -> None:
    ahead = Ahead(spool, 2, clock)
    assert ahead.append([b"%d" % n for n in range(5)]) == 5
    assert (ahead.waiting, ahead.count) == (1, 5)
    assert [sent(ahead) for _ in range(4)] == [b"[0,1]", b"[2,3]", b"[4]", None]


def test_what_is_sealed_and_not_sent_for_long_is_left_to_anybody(spool: Spool, clock: Clock) -> None:
    ahead = Ahead(spool, 1, clock)
    ahead.append([b"0"] * (HELD_SEGMENTS + 3))
    assert ahead.count == HELD_SEGMENTS
    assert left(spool) == 3


def test_nobody_waits_for_a_segment_that_never_fills(spool: Spool, clock: Clock) -> None:
    ahead = Ahead(spool, 100, clock)
    ahead.append([b"0"])
    clock.now += LONGEST_SECONDS + 1
    ahead.append([b"1"])
    assert [sent(ahead), sent(ahead)] == [b"[0]", b"[1]"]


def test_released_everything_is_anybodys(spool: Spool, clock: Clock) -> None:
    ahead = Ahead(spool, 2, clock)
    ahead.append([b"0"] * 3)
    assert left(spool) == 0
    ahead.release_sealed()
    assert left(spool) == 2
    ahead.release()
    assert left(spool) == 1
    assert ahead.count == 0


def test_a_disk_that_refuses_is_asked_again_later(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    ahead = Ahead(Spool(tmp_path / "spool", "http://a"), 2, clock)
    assert ahead.append([b"0"]) == 0
    (tmp_path / "spool").unlink()
    assert ahead.append([b"0"]) == 0
    clock.now += 2
    assert ahead.append([b"0"]) == 1


def test_an_abandoned_copy_leaves_the_original_its_locks(spool: Spool, clock: Clock) -> None:
    """As in a forked child: closing a copy of a descriptor does not give up the lock."""
    ahead = Ahead(spool, 2, clock)
    ahead.append([b"0"])
    child = os.fork()
    if not child:
        ahead.abandon()
        os._exit(0)
    os.waitpid(child, 0)
    assert left(spool) == 0
    assert sent(ahead) == b"[0]"
