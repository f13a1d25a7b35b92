"""Batches of events that wait on disk until an exporter can be reached again; also across restarts of this process.

One file a batch, written beside and renamed into place, so that a file is whole or not there. The name holds all that
is known of a batch: for which exporter, since when, its idempotency key, how many events.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

MAX_BYTES = 64 * 1024 * 1024
MAX_AGE_SECONDS = 6 * 86_400  # an exporter remembers keys for seven days: a later repeat could count twice
_SUFFIX = ".batch"


class Batch(msgspec.Struct, frozen=True):
    """Events (a JSON array, zstd) under one idempotency key. `since`: Unix seconds when the batch was made."""

    key: str
    since: float
    count: int
    body: bytes


class Spool:
    """A folder of batches for one exporter. Processes may share it: the key makes a double delivery harmless."""

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
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._size() + len(batch.body) > self._max_bytes:
                return False
            name = f"{self._prefix}-{round(batch.since * 1000):014d}-{batch.count}-{batch.key}{_SUFFIX}"
            beside = self._directory / f".{name}.{os.getpid()}"
            beside.write_bytes(batch.body)
            beside.rename(self._directory / name)
        except OSError:
            return False
        return True

    def oldest(self) -> Batch | None:
        """Return the batch that has waited longest, None when there is none."""
        for path in self._paths():
            _, since, count, key = path.stem.split("-", 3)
            with contextlib.suppress(OSError):  # another process may have delivered it meanwhile
                return Batch(key, int(since) / 1000, int(count), path.read_bytes())
        return None

    def remove(self, batch: Batch) -> None:
        """Forget a batch, because it was delivered or never will be."""
        for path in self._paths():
            if path.stem.endswith(f"-{batch.key}"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def expire(self, now: float, on_expired: Callable[[int], None]) -> None:
        """Give up batches that are too old to be repeated safely; `on_expired` is told how many events each had."""
        for path in self._paths():
            _, since, count, _ = path.stem.split("-", 3)
            if now - int(since) / 1000 > self._max_age:
                with contextlib.suppress(OSError):
                    path.unlink()
                    on_expired(int(count))

    def _paths(self) -> list[Path]:
        try:
            return sorted(self._directory.glob(f"{self._prefix}-*-*-*{_SUFFIX}"))
        except OSError:
            return []

    def _size(self) -> int:
        total = 0
        for path in self._directory.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
        return total
