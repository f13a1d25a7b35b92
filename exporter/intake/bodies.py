"""Reading a request's body within limits of size, time and memory, and undoing its compression."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import zstandard
from starlette.requests import ClientDisconnect, Request

from exporter.errors import ApiError, busy
from exporter.settings import ExporterSettings

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
        return _gunzip(body, limit)
    if encoding == "zstd":
        return _unzstd(body, limit)
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


def _gunzip(body: bytes, limit: int) -> bytes:
    done, rest = [], body
    room = limit + 1
    while rest:  # a gzip stream may have several members
        unpacker = zlib.decompressobj(wbits=31)
        try:
            piece = unpacker.decompress(rest, room)
        except zlib.error as error:
            raise ApiError(400, "malformed", f"the body is not valid gzip: {error}") from None
        done.append(piece)
        room -= len(piece)
        if room <= 0:
            raise too_large(limit)
        if not unpacker.eof:
            raise ApiError(400, "malformed", "the gzip body is cut short")
        rest = unpacker.unused_data
    return b"".join(done)


def _unzstd(body: bytes, limit: int) -> bytes:
    unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
    try:
        declared = zstandard.get_frame_parameters(body).content_size
        if declared not in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR):
            if declared > limit:
                raise too_large(limit)
            return unpacker.decompress(body, allow_extra_data=False)
        whole = _read_up_to(unpacker.stream_reader(io.BytesIO(body), read_across_frames=True), limit)
        # the reader takes a frame that is cut short for a whole one, this one does not
        if not _is_complete(unpacker, body):
            raise ApiError(400, "malformed", "the zstd body is cut short")
    except zstandard.ZstdError as error:
        raise ApiError(400, "malformed", f"the body is not valid zstd: {error}") from None
    return whole


def _read_up_to(reader: zstandard.ZstdDecompressionReader, limit: int) -> bytes:
    done, size = [], 0
    while piece := reader.read(2**20):
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        done.append(piece)
    return b"".join(done)


def _is_complete(unpacker: zstandard.ZstdDecompressor, body: bytes) -> bool:
    frame = unpacker.decompressobj(read_across_frames=False)
    frame.decompress(body)
    while frame.eof and frame.unused_data:
        rest = frame.unused_data
        frame = unpacker.decompressobj(read_across_frames=False)
        frame.decompress(rest)
    return bool(frame.eof)
