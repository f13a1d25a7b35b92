"""What `pipemeter journal check` tells of a journal, whether an exporter is at work on it or not."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

import msgspec

from exporter.journal.entries import Row
from exporter.journal.errors import JournalDamagedError, JournalError
from exporter.journal.examination import Condition, examine
from exporter.journal.files import Lock, note_beside
from exporter.journal.mending import end_missing
from exporter.journal.salvage import Salvaged, salvage


class Checkup(msgspec.Struct, frozen=True):
    """A journal's state. `records`: accepted in all; `lost_records`: known to be missing; times are Unix seconds.

    `none`: there is no journal. `in_use`: an exporter is at work on it, so that only its rows were looked at.
    """

    journal: str
    state: Literal["whole", "damaged", "none"]
    in_use: bool = False
    reason: str | None = None
    entries: int = 0
    keys: int = 0
    records: int | None = None
    snapshot_timestamp_seconds: float | None = None
    lost_records: int = 0
    at_least: bool = False


def check(path: Path) -> Checkup:
    """Look at a journal without changing it. Raises JournalError for one of a newer version, or that cannot be read."""
    noted = note_beside(path)
    try:
        lock = Lock(path) if path.parent.is_dir() else None
    except JournalError:
        return _in_use(path, noted)
    except OSError:
        lock = None  # not ours to write: no exporter of ours is at work there either
    try:
        condition = examine(path)
        if missing := end_missing(path, condition, noted):
            raise JournalDamagedError(missing)
    except JournalDamagedError as error:
        return _damaged(path, str(error), salvage(path, noted[1] if noted else None), in_use=False)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"journal {path} cannot be read: {error}") from error
    finally:
        if lock is not None:
            lock.release()
    if condition is None and not path.exists():
        return Checkup(str(path), "none")
    return _whole(path, condition)


def _whole(path: Path, condition: Condition | None) -> Checkup:
    if condition is None:  # empty, and nothing was ever in it
        return Checkup(str(path), "whole")
    return Checkup(
        str(path),
        "whole",
        entries=condition.entries,
        keys=condition.keys,
        records=condition.total,
        snapshot_timestamp_seconds=condition.snapshot_at,
    )


def _in_use(path: Path, noted: tuple[int, int] | None) -> Checkup:
    try:
        found = salvage(path, noted[1] if noted else None)
    except OSError as error:
        raise JournalError(f"journal {path} cannot be read: {error}") from error
    if found.lost or (found.is_empty and noted and noted[1]):
        return _damaged(path, f"journal {path} is damaged: records are missing in it", found, in_use=True)
    return msgspec.structs.replace(_damaged(path, "", found, in_use=True), state="whole", reason=None, at_least=False)


def _damaged(path: Path, reason: str, found: Salvaged, *, in_use: bool) -> Checkup:
    last: Row | None = found.entries[-1] if found.entries else found.snapshot
    return Checkup(
        str(path),
        "damaged",
        in_use,
        reason,
        len(found.entries),
        len(found.keys),
        last.total if last else None,
        found.snapshot.at if found.snapshot else None,
        found.lost,
        found.at_least,
    )
