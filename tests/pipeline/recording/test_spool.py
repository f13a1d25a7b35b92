from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.recording.spool import MAX_AGE_SECONDS, Batch, Segment, Spool
from pipeline.zstd import decompress

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # a fork beside threads


def nobody_expires(count: int) -> None:
    raise AssertionError(f"{count} events were given up")


def waiting(spool: Spool, now: float = 100.0) -> Batch | None:
    """What would be delivered next; it stays."""
    found = spool.claim(now, nobody_expires)
    if found is None:
        return None
    claim, batch = found
    claim.release()
    return batch


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", "http://a")


@pytest.fixture
def segment(spool: Spool) -> Iterator[Segment]:
    begun = spool.begin(50.0)
    assert begun is not None
    yield begun
    begun.release()


def test_a_spool_belongs_to_one_exporter(tmp_path: Path) -> None:
    Spool(tmp_path, "http://a").put(Batch("k", 1.0, 1, b"x"))
    assert waiting(Spool(tmp_path, "http://b")) is None
    assert waiting(Spool(tmp_path, "http://a")) == Batch("k", 1.0, 1, b"x")


def test_a_spool_that_cannot_be_written_says_no(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = Spool(tmp_path / "file", "http://a")
    assert not blocked.put(Batch("k", 1.0, 1, b"x"))
    assert blocked.begin(1.0) is None
    assert waiting(blocked) is None


def test_the_oldest_comes_first_whether_it_was_tried_in_vain_or_written_ahead(spool: Spool, segment: Segment) -> None:
    spool.put(Batch("late", 70.0, 1, b"x"))
    spool.put(Batch("early", 30.0, 1, b"y"))
    segment.write(b"{}\n", 1)
    segment.release()
    kinds = []
    while found := spool.claim(100.0, nobody_expires):
        kinds.append(found[1].since)
        found[0].remove()
    assert kinds == [30.0, 50.0, 70.0]


def test_what_one_has_claimed_nobody_else_gets(spool: Spool, tmp_path: Path) -> None:
    spool.put(Batch("k", 1.0, 1, b"x"))
    mine = spool.claim(2.0, nobody_expires)
    assert mine is not None
    assert waiting(Spool(tmp_path / "spool", "http://a")) is None
    assert not spool.has_left_over()
    mine[0].release()
    assert spool.has_left_over()
    assert waiting(spool) == mine[1]


def test_what_is_being_written_is_nobody_elses_until_its_process_is_gone(spool: Spool) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        segment = spool.begin(50.0)
        assert segment is not None
        segment.write(b'{"a":1}\n{"a":2}\n', 2)
        os.write(writer, b"x")
        signal.pause()
    os.read(reader, 1)
    assert waiting(spool) is None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    batch = waiting(spool)
    assert batch is not None
    assert (batch.since, batch.count, decompress(batch.body)) == (50.0, 2, b'[{"a":1},{"a":2}]')


def test_a_line_that_was_cut_off_is_left_out(spool: Spool, segment: Segment) -> None:
    segment.write(b'{"a":1}\n{"a":', 1)
    segment.release()
    batch = waiting(spool)
    assert batch is not None
    assert decompress(batch.body) == b'[{"a":1}]'


def test_the_content_under_a_key_is_the_same_for_whoever_reads_it(spool: Spool, segment: Segment) -> None:
    segment.write(b'{"a":1}\n{"a":2}\n', 2)
    own = segment.read()
    segment.release()
    assert own == waiting(spool)


def test_an_empty_file_is_swept_away(spool: Spool, segment: Segment, tmp_path: Path) -> None:
    segment.release()
    assert waiting(spool) is None
    assert not list((tmp_path / "spool").iterdir())


def test_what_is_too_old_to_be_repeated_is_given_up(spool: Spool, segment: Segment, tmp_path: Path) -> None:
    segment.write(b"{}\n{}\n{}\n", 3)
    segment.release()
    spool.put(Batch("k", 60.0, 7, b""))
    expired: list[int] = []
    assert spool.claim(61.0 + MAX_AGE_SECONDS, expired.append) is None
    assert expired == [3, 7]
    assert not list((tmp_path / "spool").iterdir())


def test_a_full_spool_takes_neither_batches_nor_new_files(tmp_path: Path) -> None:
    small = Spool(tmp_path, "http://a", max_bytes=100)
    assert small.put(Batch("a", 1.0, 1, b"x" * 60))
    assert not small.put(Batch("b", 1.0, 1, b"x" * 60))
    segment = small.begin(2.0)
    assert segment is not None
    segment.write(b"x" * 60 + b"\n", 1)
    assert small.begin(2.0) is None
    segment.release()


def test_a_disk_that_takes_only_part_of_a_write_keeps_nothing_of_it(
    spool: Spool, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment.write(b'{"a":1}\n', 1)
    write = os.write
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:3]))
    assert not segment.write(b'{"a":2}\n', 1)
    monkeypatch.undo()
    assert segment.write(b'{"a":3}\n', 1)
    batch = segment.read()
    assert batch is not None
    assert decompress(batch.body) == b'[{"a":1},{"a":3}]'
    assert segment.count == 2


def test_files_are_for_nobody_elses_eyes(spool: Spool, segment: Segment, tmp_path: Path) -> None:
    spool.put(Batch("k", 1.0, 1, b"x"))
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "spool").iterdir()} == {0o600}
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
