"""The journal of those who want none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from exporter.journal.entries import KEY_BYTES, Entry


class NoJournal:
    """For those who can do without: nothing survives, and keys are known only while the process lives."""

    durable = False
    waits_for_disk = False
    path = None
    mended = None
    before = 0
    bytes_since_snapshot = 0
    forgotten_keys = 0

    def __init__(self, max_keys: int = 100_000) -> None:
        self._keys: dict[bytes, bytes] = {}
        self._max_keys = max_keys

    def seen(self, key: bytes) -> bytes | None:
        """Return the mark of the request with this key that was accepted by this process, if it is still remembered."""
        return self._keys.get(key[:KEY_BYTES])

    def append(self, entries: Sequence[Entry], keys: Iterable[bytes] = (), now: float = 0.0) -> None:  # noqa: ARG002
        """Remember the keys, nothing else; the oldest are forgotten when there are too many."""
        for key in keys:
            self._keys[key[:KEY_BYTES]] = key
        while len(self._keys) > self._max_keys:
            del self._keys[next(iter(self._keys))]
            self.forgotten_keys += 1

    def snapshot(self) -> None:
        """Return nothing: nothing was kept."""

    def entries(self) -> Iterator[Entry]:
        """Yield nothing."""
        return iter(())

    def compact(self, body: bytes, now: float) -> None:
        """Do nothing."""

    def checkpoint(self) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Forget the keys."""
        self._keys.clear()

    def trouble(self) -> None:
        """Return nothing: there is no file that could be gone."""

    @property
    def key_count(self) -> int:
        """How many keys are remembered at present."""
        return len(self._keys)

    def log_bytes(self) -> int:
        """Return 0."""
        return 0

    def size_bytes(self) -> int:
        """Return 0."""
        return 0

    def close(self) -> None:
        """Do nothing."""
