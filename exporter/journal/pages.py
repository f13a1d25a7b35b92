"""Rows read straight from the pages of a SQLite file and its write-ahead log, whatever of them still makes sense.

SQLite refuses a file at the first page that is wrong. Here every page is looked at by itself, those of the log too,
also in versions that were replaced since; whoever reads has to tell from the rows which of them count. Format:
https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_PAGE_BYTES = 4096  # what SQLite takes by default, where a header does not say
_HEADER = b"SQLite format 3\0"
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX = 13, 10, 2
_MAGIC = 0x377F0682  # of a log with little-endian checksums; one more: big-endian
_NUMBERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial type of a whole number -> its bytes
Value = int | float | bytes | str | None
Cell = tuple[int | None, Sequence[Value]]  # rowid (None in an index) and columns


def rows_of(path: Path) -> Iterator[Cell]:
    """Yield the rows of all tables and indexes that can be read, in no order, some of them more than once.

    Of a page with several versions only the last is looked at, unless the log is damaged: then what a lost frame held
    may still stand in an older one.
    """
    main, log = _bytes(path), _bytes(Path(f"{path}-wal"))
    size = _page_bytes(main, log)
    frames, damaged = _frames(log, size)
    versions = list(enumerate((main[at : at + size] for at in range(0, len(main), size)), 1))
    for at in frames:
        start = at + _FRAME_HEADER
        versions.append((int.from_bytes(log[at : at + 4], "big"), log[start : start + size]))
    latest = dict(versions)
    for number, page in versions if damaged else latest.items():
        yield from _rows(page, 100 if number == 1 else 0, latest)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _page_bytes(main: bytes, log: bytes) -> int:
    said = [int.from_bytes(main[16:18], "big")] if main.startswith(_HEADER) else []
    said += [int.from_bytes(log[8:12], "big")]
    plausible = [65536 if size == 1 else size for size in said if size in (1, *(2**n for n in range(9, 17)))]
    return plausible[0] if plausible else _PAGE_BYTES


def _frames(log: bytes, size: int) -> tuple[list[int], bool]:
    """Return where in the log the frames begin that belong to committed transactions, and whether one is damaged.

    Each frame's checksum goes on from the one before it. As that one is written down too, a frame can be checked
    although the one before it is damaged. Frames behind the last commit are left out: nobody was told that they are
    kept.
    """
    step = size + _FRAME_HEADER
    count = (len(log) - _LOG_HEADER) // step
    if count <= 0:
        return [], False
    table = np.frombuffer(log, np.uint8, count * step, _LOG_HEADER).reshape(count, step)
    heads = np.ascontiguousarray(table[:, :_FRAME_HEADER]).view(">u4")  # page, pages after commit, two salts, two sums
    before = np.vstack([np.frombuffer(log, ">u4", 2, 24), heads[:-1, 4:6]]).astype(np.uint32)
    salts = np.frombuffer(log, ">u4", 2, 16)
    summed = np.ascontiguousarray(np.hstack([table[:, :8], table[:, _FRAME_HEADER:]]))
    own = (heads[:, 2:4] == salts).all(axis=1) | (heads[:, 2:4] == heads[0, 2:4]).all(axis=1)
    sound = own & False
    for order in _orders(log):
        sums = _sums(summed.view(order).astype(np.uint32), before)
        sound |= own & (sums == heads[:, 4:6]).all(axis=1)
    commits = np.flatnonzero(sound & (heads[:, 1] > 0))
    if not len(commits):
        return [], True
    committed = sound[: commits[-1] + 1]
    return [_LOG_HEADER + int(number) * step for number in np.flatnonzero(committed)], not committed.all()


def _orders(log: bytes) -> Sequence[str]:
    """Return the byte orders in which the checksums may have been taken: the log's first word says it, if it stands."""
    return {_MAGIC: ("<u4",), _MAGIC + 1: (">u4",)}.get(int.from_bytes(log[:4], "big"), ("<u4", ">u4"))


def _sums(words: NDArray[np.uint32], before: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the checksums of rows of words, given the sums that each goes on from.

    For each pair (x, y) of words: a += x + b, b += y + a, modulo 2**32. That is linear, so that each word has a weight.
    """
    pairs = words.shape[1] // 2
    weights = np.empty((pairs, 2, 2), np.uint32)  # [pair, word, sum]
    power = np.array([[1, 0], [0, 1]], np.uint32)  # what the pairs that follow make of a and b
    adds, step = np.array([[1, 1], [0, 1]], np.uint32), np.array([[1, 1], [1, 2]], np.uint32)
    for pair in reversed(range(pairs)):
        weights[pair] = adds @ power.T  # the first word is added to a and b, the second to b
        power = power @ step
    return np.asarray(words @ weights.reshape(-1, 2) + before @ power.T)


def _rows(page: bytes, start: int, pages: dict[int, bytes]) -> Iterator[Cell]:
    if len(page) < start + 8 or page[start] not in (_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX):
        return
    kind = page[start]
    first = start + (12 if kind == _INNER_INDEX else 8)
    count = min(int.from_bytes(page[start + 3 : start + 5], "big"), (len(page) - first) // 2)
    for at in range(first, first + 2 * count, 2):
        try:
            yield _cell(page, int.from_bytes(page[at : at + 2], "big"), kind, pages)
        except (ValueError, IndexError, struct.error):
            continue  # this one makes no sense; the next may


def _cell(page: bytes, at: int, kind: int, pages: dict[int, bytes]) -> Cell:
    size, at = _varint(page, at + (4 if kind == _INNER_INDEX else 0))
    rowid = None
    if kind == _LEAF_TABLE:
        rowid, at = _varint(page, at)
    usable = len(page)
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    local = size
    if size > most:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
    if at + local > usable or size > usable * (len(pages) + 1):
        raise ValueError("it reaches beyond its page")
    payload = page[at : at + local]
    if local < size:
        payload += _overflow(int.from_bytes(page[at + local : at + local + 4], "big"), size - local, pages)
    return rowid, _columns(payload)


def _overflow(number: int, size: int, pages: dict[int, bytes]) -> bytes:
    found: list[bytes] = []
    while size > 0:
        if number not in pages or len(found) > len(pages):
            raise ValueError("a page is missing")
        page = pages[number]
        found.append(page[4 : 4 + size])
        size -= len(page) - 4
        number = int.from_bytes(page[:4], "big")
    return b"".join(found)


def _columns(payload: bytes) -> list[Value]:
    head, at = _varint(payload, 0)
    if head > len(payload):
        raise ValueError("no header")
    kinds = []
    while at < head:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    found: list[Value] = []
    for kind in kinds:
        value, at = _value(payload, at, kind)
        found.append(value)
    return found


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    size = _NUMBERS.get(kind, 8 if kind == 7 else (kind - 12) // 2)
    raw = payload[at : at + size]
    if kind in (10, 11) or len(raw) < size:
        raise ValueError("no such value")
    if kind in _NUMBERS:
        return int.from_bytes(raw, "big", signed=True), at + size
    if kind == 7:
        return float(struct.unpack(">d", raw)[0]), at + size
    return raw if kind % 2 == 0 else raw.decode("utf-8"), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(at, at + 8):
        value = value << 7 | data[position] & 0x7F
        if data[position] < 0x80:
            return value, position + 1
    return value << 8 | data[at + 8], at + 9
