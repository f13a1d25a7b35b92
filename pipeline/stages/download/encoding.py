"""Unpacking of compressed HTTP bodies in small steps: a bomb is noticed after 64 KiB and not after gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from pipeline.errors import StageError

STEP_BYTES = 64 * 1024  # most that one step may unpack


def decoded(raw: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the body's own bytes for a Content-Encoding of identity, gzip or deflate, at most 64 KiB at a time.

    Raises `unsupported` for any other encoding (none was asked for), `corrupt` for bytes that are no such stream, and
    `network` (retryable) when the stream ends too early.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return iter(raw)
    if name in ("gzip", "x-gzip", "deflate"):
        return _unpacked(raw)
    raise StageError("unsupported", "the server sent a compression that was not asked for")


def _unpacked(raw: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = None
    for chunk in raw:
        data = chunk
        while data:
            if unpacker is None:
                unpacker = _unpacker_for(data)
            piece, data = _step(unpacker, data)
            if piece:
                yield piece
            if unpacker.eof:
                unpacker, data = None, data.lstrip(b"\0")  # another gzip member, or padding
            elif not piece and not data:
                break
    if unpacker is not None:
        raise StageError("network", "the compressed answer ended too early", retryable=True)


def _unpacker_for(head: bytes) -> zlib._Decompress:
    """Choose by the first bytes: gzip and zlib have a header; some servers call a bare stream `deflate`."""
    has_header = head[:1] == b"\x1f" or (head[0] & 0x0F == 8 and (len(head) < 2 or (head[0] * 256 + head[1]) % 31 == 0))
    return zlib.decompressobj(32 + zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)


def _step(unpacker: zlib._Decompress, data: bytes) -> tuple[bytes, bytes]:
    """Unpack one step; return what came out and what is still to be fed."""
    try:
        piece = unpacker.decompress(data, STEP_BYTES)
    except zlib.error:
        raise StageError("corrupt", "the server's compressed answer cannot be unpacked") from None
    return piece, unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
