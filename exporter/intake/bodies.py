"""Reading a request's body within limits of size, time and memory, and undoing its compression."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.requests import ClientDisconnect, Request

from exporter.errors import ApiError, busy
from exporter.settings import ExporterSettings
from pipeline.zstd import ZstdDecompressor, ZstdError

JSON = frozenset({"application/json"})
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})


class Budget:
    """How many bytes of bodies may be in memory at once."""

    def __init__(self, size_bytes: int) -> None:
        self._size = size_bytes
        self.used = 0

    def take(self, amount: int) -> None:
        """Reserve room. Raises ApiError 503 when there is none."""
        if self.used + amount > self._size:
            raise busy("too many bodies are being read already; try again")
        self.used += amount

    def give_back(self, amount: int) -> None:
        """Return room that was reserved."""
        self.used -= amount


def media_type(request: Request) -> str:
    """Return the request's media type in lower case without its parameters, "" if none is given."""
    return request.headers.get("content-type", "").split(";", 1)[0].strip().lower()


def has_body(request: Request) -> bool:
    """Tell whether the request announces a body."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


@asynccontextmanager
async def body_of(request: Request, settings: ExporterSettings, budget: Budget) -> AsyncIterator[bytes]:
    """Give the decoded body; its room in the budget is held until the block ends.

    Raises ApiError: 408 too slow, 413 too large, 415 unknown encoding, 400 broken compression, 503 no memory left.
    """
    taken = _announced(request, settings)
    budget.take(taken)
    try:
        async with asyncio.timeout(settings.body_timeout_seconds):
            body = await _read(request, settings.max_body_bytes)
        extra = len(body) - taken
        if extra > 0:  # sent in chunks, without saying how much
            budget.take(extra)
            taken += extra
        decoded = decode(body, request.headers.get("content-encoding", ""), settings.max_decoded_bytes)
        if decoded is not body:
            budget.take(len(decoded))
            taken += len(decoded)
        yield decoded
    except TimeoutError:
        headers = {"Connection": "close"}
        raise ApiError(408, "timeout", "the body took too long to arrive", headers=headers) from None
    except ClientDisconnect:
        raise ApiError(400, "malformed", "the sender went away before the body was complete") from None
    finally:
        budget.give_back(taken)


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo gzip or zstd. Raises ApiError 400 for damaged data, 413 beyond the limit, 415 for other encodings."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding in ("gzip", "x-gzip"):
        return _unpacked(body, limit, "gzip", lambda: zlib.decompressobj(wbits=31))
    if encoding == "zstd":
        return _unpacked(body, limit, "zstd", ZstdDecompressor)
    raise ApiError(415, "encoding", f"Content-Encoding {encoding[:40]!r} is not known; use gzip or zstd")


def _announced(request: Request, settings: ExporterSettings) -> int:
    length = request.headers.get("content-length", "0")
    size = int(length) if length.isascii() and length.isdigit() else 0
    if size > settings.max_body_bytes:
        raise too_large(settings.max_body_bytes)
    return size


def too_large(limit: int) -> ApiError:
    """Return the refusal of a body over the limit."""
    return ApiError(
        413, "too_large", f"the body is larger than {limit} bytes", limit=limit, headers={"Connection": "close"}
    )


async def _read(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class _Unpacker(Protocol):
    """What undoes one member of a gzip body, or one frame of a zstd body."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _unpacked(body: bytes, limit: int, encoding: str, new: Callable[[], _Unpacker]) -> bytes:
    done, rest = [], body
    room = limit + 1
    while rest:  # a stream may have several members
        unpacker = new()
        try:
            piece = unpacker.decompress(rest, room)
        except (zlib.error, ZstdError) as error:
            raise ApiError(400, "malformed", f"the body is not valid {encoding}: {error}") from None
        done.append(piece)
        room -= len(piece)
        if room <= 0:
            raise too_large(limit)
        if not unpacker.eof:
            raise ApiError(400, "malformed", f"the {encoding} body is cut short")
        rest = unpacker.unused_data
    return b"".join(done)
