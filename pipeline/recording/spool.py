"""Events that wait on disk until an exporter can be reached; also across restarts of this process.

A file is a batch, and of two kinds. What was tried in vain (`.batch`) is written beside and renamed into place, so that
it is whole or not there. What is written ahead (`.ahead`) grows while its process records into it. The name holds all
that is known: for which exporter, since when, how many events (0: not known), the idempotency key.

Processes share a spool and part its files: whoever delivers a file, or writes it, holds a lock on it. The lock goes
with its process, so that what a killed one has left is anybody's. Were a file delivered twice all the same, the key
would make the second time harmless: the content under a key never changes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pipeline.errors import PipemeterError
from pipeline.files import replacing
from pipeline.zstd import compress

MAX_BYTES = 64 * 1024 * 1024
MAX_AGE_SECONDS = 6 * 86_400  # an exporter remembers keys for seven days: a later repeat could count twice
_BATCH, _AHEAD = ".batch", ".ahead"


class Batch(msgspec.Struct, frozen=True):
    """Events (a JSON array, zstd) under one idempotency key. `since`: Unix seconds when the batch was begun."""

    key: str
    since: float
    count: int
    body: bytes

    @classmethod
    def of(cls, key: str, since: float, events: list[bytes]) -> Batch:
        """Return the batch of events that are JSON already."""
        return cls(key, since, len(events), compress(b"[%b]" % b",".join(events), 1))


class Claim:
    """A file of the spool that is this process's to deliver; an open file descriptor with a lock on it."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self._number: int | None = number

    def read(self) -> Batch | None:
        """Return the batch, None for one without events. Raises OSError."""
        _, since, count, key = self.path.stem.split("-", 3)
        assert self._number is not None
        body = os.pread(self._number, os.fstat(self._number).st_size, 0)
        if self.path.suffix == _BATCH:
            return Batch(key, int(since) / 1000, int(count), body)
        # what stands behind the last line end was cut off with its process: `record` has not returned for it
        lines = body.split(b"\n")[:-1]
        return Batch.of(key, int(since) / 1000, lines) if lines else None

    def remove(self) -> None:
        """Forget the batch, because it was delivered or never will be."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.release()

    def release(self) -> None:
        """Leave the batch to whoever comes next."""
        number, self._number = self._number, None
        if number is not None:
            with contextlib.suppress(OSError):
                os.close(number)


class Segment(Claim):
    """A file that is written ahead: every event is in it, one a line, before `record` returns."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__(path, number)
        self.count = 0
        self.size = 0

    def write(self, data: bytes, count: int) -> bool:
        """Add whole lines; False when the disk does not take them, and then nothing was added."""
        assert self._number is not None
        try:
            written = os.write(self._number, data)
            if written != len(data):
                os.ftruncate(self._number, self.size)
                return False
        except OSError:
            return False
        self.count += count
        self.size += written
        return True


class Spool:
    """A folder of batches for one exporter."""

    def __init__(
        self, directory: Path, url: str, *, max_bytes: int = MAX_BYTES, max_age_seconds: float = MAX_AGE_SECONDS
    ) -> None:
        self._directory = directory
        self._prefix = hashlib.sha256(url.encode()).hexdigest()[:12]
        self._max_bytes = max_bytes
        self._max_age = max_age_seconds

    def put(self, batch: Batch) -> bool:
        """Keep a batch; False when the spool is full or the disk refuses."""
        try:
            if self._is_full(len(batch.body)):
                return False
            path = self._directory / f"{self._name(batch.since, batch.count, batch.key)}{_BATCH}"
            with replacing(path, mode=0o600, synced=False) as file:
                file.write(batch.body)
        except (OSError, PipemeterError):
            return False
        return True

    def begin(self, now: float) -> Segment | None:
        """Return a new file to write ahead into; None when the spool is full, or the disk or its locks refuse."""
        name = f"{self._name(now, 0, uuid.uuid4().hex)}{_AHEAD}"
        beside = self._directory / f".{name}"
        try:
            if self._is_full(0):
                return None
            number = os.open(beside, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            return None
        try:  # locked before it has its name: nobody takes it for one that was left behind
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            beside.rename(self._directory / name)
        except OSError:
            os.close(number)
            beside.unlink(missing_ok=True)
            return None
        return Segment(self._directory / name, number)

    def claim(self, now: float, on_expired: Callable[[int], None]) -> tuple[Claim, Batch] | None:
        """Return the batch that has waited longest and that no other process has; None when there is none.

        What is too old to be repeated safely is given up; `on_expired` is told how many events it had.
        """
        for path in self._paths():
            claim = _claim(path)
            if claim is None:
                continue
            try:
                batch = claim.read()
            except (OSError, ValueError):
                claim.release()
                continue
            if batch is None:
                claim.remove()
            elif now - batch.since > self._max_age:
                claim.remove()
                on_expired(batch.count)
            else:
                return claim, batch
        return None

    def has_left_over(self) -> bool:
        """Whether a batch waits here that no process has."""
        for path in self._paths():
            if claim := _claim(path):
                claim.release()
                return True
        return False

    def _name(self, since: float, count: int, key: str) -> str:
        return f"{self._prefix}-{round(since * 1000):014d}-{count}-{key}"

    def _paths(self) -> Iterator[Path]:
        try:
            names = sorted(name for name in os.listdir(self._directory) if name.startswith(f"{self._prefix}-"))
        except OSError:
            return
        for name in names:
            if name.endswith((_BATCH, _AHEAD)) and name.count("-") == 3:
                yield self._directory / name

    def _is_full(self, more: int) -> bool:
        """Tell whether so many bytes would be too many. Makes the folder. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        total = more
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.endswith((_BATCH, _AHEAD)):
                    with contextlib.suppress(OSError):
                        total += entry.stat().st_size
        return total > self._max_bytes


def _claim(path: Path) -> Claim | None:
    """Lock a file; None when somebody else has it, or it is gone."""
    try:
        number = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    except OSError:  # a file system without locks: a finished batch may be sent twice, one being written may not
        if path.suffix == _AHEAD:
            os.close(number)
            return None
    if os.fstat(number).st_nlink == 0:  # delivered by somebody between our looking and our lock
        os.close(number)
        return None
    return Claim(path, number)
