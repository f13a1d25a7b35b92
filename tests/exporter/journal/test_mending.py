"""Whatever happens to a journal's files: what is counted afterwards and what is said to be lost make up what was accepted."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporter.exporter import Exporter
from exporter.journal.checkup import check
from exporter.journal.entries import Entry, key_hash
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.exporter.families import JOURNAL_LOST_RECORDS, RECORDS

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
