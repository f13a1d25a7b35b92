"""Whatever happens to a journal's files: what is counted afterwards and what is said to be lost make up what was accepted."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from exporter.exporter import Exporter
from exporter.journal.checkup import check
from exporter.journal.entries import Entry, key_hash
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.exporter.families import JOURNAL_LOST_RECORDS, RECORDS
from tests.exporter.conftest import Process

SEEDS = int(os.environ.get("FUZZ_JOURNALS", "60"))  # more by hand
NAME = "journal.sqlite"


def body_of(count: int, rng: random.Random) -> bytes:
    row = b'{"processing_type":"full","item_id":"%s"}' % (b"x" * rng.choice((3, 20, 90)))
    return b"[" + b",".join([row] * count) + b"]"


def written(folder: Path, rng: random.Random) -> tuple[Path, int]:
    """A journal as a killed exporter leaves it, and how many records it has accepted."""
    folder.mkdir()
    exporter = Exporter(ExporterSettings(journal=folder / "live" / NAME), Config(), registry=CollectorRegistry())
    accepted = 0
    for number in range(rng.randrange(1, 60)):
        count = rng.choice((1, 1, 2, 7, 60, 400))
        entry = Entry(float(number), "records", body_of(count, rng), count)
        exporter.journal.append([entry], [key_hash(str(number))] if rng.random() < 0.5 else [], float(number))
        exporter.keeper._replay(entry)
        accepted += count
        if rng.random() < 0.04:
            exporter.keeper.compact_now()
        elif rng.random() < 0.04:
            exporter.journal.checkpoint()
    copied = folder / "killed"
    shutil.copytree(folder / "live", copied)
    exporter.journal.close()
    return copied / NAME, accepted


def opened(path: Path) -> tuple[float, float]:
    """What an exporter counts after it has opened a journal: records, and records lost."""
    exporter = Exporter(ExporterSettings(journal=path), Config(), registry=CollectorRegistry())
    value = exporter.metrics.registry.get_sample_value
    found = value(RECORDS.name), value(JOURNAL_LOST_RECORDS.name)
    exporter.close()
    assert None not in found
    return found  # type: ignore[return-value]


def overwrite(path: Path, rng: random.Random) -> None:
    if path.exists() and (size := path.stat().st_size):
        with path.open("r+b") as file:
            for _ in range(rng.choice((1, 1, 3))):
                file.seek(rng.randrange(size))
                file.write(rng.randbytes(rng.choice((1, 16, 500, 5000, size))))
            file.truncate(size)


def cut(path: Path, rng: random.Random) -> None:
    if path.exists():
        os.truncate(path, rng.choice((0, rng.randrange(path.stat().st_size + 1))))


def remove(path: Path, rng: random.Random) -> None:
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_counted_and_what_is_lost_make_up_what_was_accepted(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path, accepted = written(tmp_path / "a", rng)
    harm = rng.choice((overwrite, overwrite, cut, remove))
    which = rng.choice(("", "-wal", "-wal", "both"))
    for suffix in ("", "-wal") if which == "both" and harm is not remove else (which.replace("both", ""),):
        harm(Path(f"{path}{suffix}"), rng)
    log = Path(f"{path}-wal")
    gone = not path.exists() and not (log.exists() and log.stat().st_size)
    found = check(path)
    counted, lost = opened(path)
    if gone:  # whoever takes all away wants to begin at zero
        assert (counted, lost) == (0, 0)
        return
    assert counted + lost == accepted
    assert found.state == ("whole" if not lost and not list(path.parent.glob("*.damaged-*")) else "damaged")
    assert found.lost_records == lost
    assert check(path).state == "whole"
    assert opened(path) == (counted, lost)  # what was said once stays said


ONE = b'{"processing_type":"full"}'
HEADER, FRAME = 32, 24 + 4096  # of the write-ahead log, and of each page in it with its own header
PLACES = {
    "the log's mark": 3,
    "its page size": 10,
    "its salt": 17,
    "its checksum": 25,
    "the first frame's header": HEADER + 2,
    "the first frame's page": HEADER + 24 + 3000,
    "a frame's salt": HEADER + 7 * FRAME + 9,
    "a frame's checksum": HEADER + 9 * FRAME + 20,
    "a page in the middle": HEADER + 15 * FRAME + 24 + 4000,
    "a page further on": HEADER + 30 * FRAME + 24 + 4090,
    "the last frame's header": -FRAME + 1,
    "the last page": -1,
}


def killed(folder: Path, entries: int = 40) -> tuple[Path, int]:
    """What a killed exporter leaves after entries of 1, 2, 3... records, all of them in the write-ahead log."""
    exporter = Exporter(ExporterSettings(journal=folder / "live" / NAME), Config(), registry=CollectorRegistry())
    for count in range(1, entries + 1):
        body = b"[" + b",".join([ONE] * count) + b"]"
        exporter.journal.append([Entry(float(count), "records", body, count)])
    shutil.copytree(folder / "live", folder / "killed")
    exporter.journal.close()
    return folder / "killed" / NAME, entries * (entries + 1) // 2


@pytest.mark.parametrize("place", PLACES)
def test_one_wrong_bit_in_the_log_costs_one_entry_at_most_and_the_files_are_kept(tmp_path: Path, place: str) -> None:
    path, accepted = killed(tmp_path)
    log = Path(f"{path}-wal")
    content = bytearray(log.read_bytes())
    content[PLACES[place]] ^= 4
    log.write_bytes(content)
    found = check(path)
    assert log.read_bytes() == content  # looking changes nothing
    counted, lost = opened(path)
    assert counted + lost == accepted
    assert lost in (0, 40)  # every page holds the entries before it too; only the last one may stand in one alone
    assert found.lost_records == lost
    if found.state == "damaged":
        (kept,) = path.parent.glob("*.damaged-*-wal")
        assert kept.read_bytes() == content
    assert opened(path) == (counted, lost)


def test_a_log_overwritten_under_a_running_exporter_is_kept_and_what_can_be_read_is_put_back(
    tmp_path: Path, processes: list[Process]
) -> None:
    running = Process(tmp_path)
    processes.append(running)
    record, path = f"{running.url}/api/performance/record", tmp_path / NAME
    accepted = sum(httpx.post(record, content=ONE).is_success for _ in range(30))
    with Path(f"{path}-wal").open("r+b") as log:
        log.seek(HEADER + 10 * FRAME)
        log.write(b"\xa5" * FRAME)
    accepted += sum(httpx.post(record, content=ONE).is_success for _ in range(10))
    running.kill()
    damaged = Path(f"{path}-wal").read_bytes()
    assert accepted == 40
    assert opened(path) == (40, 0)
    (kept,) = tmp_path.glob("*.damaged-*-wal")
    assert kept.read_bytes() == damaged


def test_a_journal_moved_behind_a_link_without_its_log_finds_that_again(tmp_path: Path) -> None:
    path, accepted = killed(tmp_path)
    (tmp_path / "larger disk").mkdir()
    path.rename(tmp_path / "larger disk" / NAME)
    path.symlink_to(tmp_path / "larger disk" / NAME)  # SQLite looks for a log beside the file itself
    assert opened(path) == (accepted, 0)
