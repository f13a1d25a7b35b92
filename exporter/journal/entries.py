"""What the journal keeps of accepted requests: their bodies as they came, and how these become events again."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, get_args

import msgspec

from pipeline.domains.catalogue import any_event
from pipeline.domains.event import DomainEvent
from pipeline.events import ItemFinished

Kind = Literal["events", "records", "records-lines", "events-lines", "push", "mended"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# requests are read with these very decoders, so that the journal can read again whatever was taken in
RECORD, RECORDS = msgspec.json.Decoder(ItemFinished), msgspec.json.Decoder(list[ItemFinished])
Decoder = msgspec.json.Decoder[Any]
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_HEAD = struct.Struct("<qdq")


@cache
def event_decoders() -> tuple[Decoder, Decoder]:
    """Return what reads one event, and what reads an array of them, of any domain. Raises DomainError."""
    kind: Any = any_event()
    return msgspec.json.Decoder(kind), msgspec.json.Decoder(list[kind])


class Entry(msgspec.Struct, frozen=True):
    """Something that was accepted: when (Unix seconds), what kind of body, the body, how many records are in it."""

    at: float
    kind: Kind
    body: bytes
    records: int = 0


class Row(msgspec.Struct, frozen=True):
    """An entry or the snapshot as the file holds it.

    `total`: records accepted up to and with it, from which a reader knows how many a gap has swallowed. Both `total`
    and `checksum` are None in what versions before 2 wrote.
    """

    seq: int
    at: float
    kind: str
    body: bytes
    total: int | None = None
    checksum: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is what was written, as far as its checksum tells."""
        return self.checksum is None or self.checksum == checksum(
            self.seq, self.at, self.kind, self.total or 0, self.body
        )


class Mending(msgspec.Struct, frozen=True):
    """The body of an entry of kind `mended`: how many records were lost for good, and when the journal was mended."""

    lost_records: int


def checksum(seq: int, at: float, kind: str, total: int, body: bytes) -> int:
    """Return the checksum of a row."""
    return zlib.crc32(body, zlib.crc32(_HEAD.pack(seq, at, total) + kind.encode()))


KEY_BYTES = 11  # of a mark's 16; the others are of the content


def key_hash(key: str) -> bytes:
    """Return 16 bytes that name an Idempotency-Key, whatever its length."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def mark_of(key: bytes, events: Sequence[DomainEvent]) -> bytes:
    """Return what is kept of a request: 16 bytes, of its key's hash and of what it brought, however that was written.

    (Formerly it was the key's whole hash: then nothing is known of the content.)
    """
    content = hashlib.blake2b(encode_events(events), digest_size=16 - KEY_BYTES).digest()
    return key[:KEY_BYTES] + content


def encode_events(events: Sequence[DomainEvent]) -> bytes:
    """Encode events for the journal (kind `events`)."""
    return msgspec.json.encode(events)


def decode_entry(kind: str, body: bytes) -> tuple[list[DomainEvent], int]:
    """Decode the records of an entry; return them, and how many there are beside that cannot be read."""
    try:
        if kind == "records":
            return list(RECORDS.decode(body)), 0
        if kind == "records-lines":
            return list(RECORD.decode_lines(body)), 0
        one, many = event_decoders()
        return list(one.decode_lines(body) if kind == "events-lines" else many.decode(body)), 0
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _one_by_one(kind, body)


def _one_by_one(kind: str, body: bytes) -> tuple[list[DomainEvent], int]:
    """Read what can be read of an entry that holds records of another version, or of a domain that is not installed."""
    one = RECORD if kind.startswith("records") else event_decoders()[0]
    try:
        pieces = body.splitlines() if kind.endswith("-lines") else [bytes(raw) for raw in _RAW.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [], 1
    found: list[DomainEvent] = []
    unread = 0
    for piece in pieces:
        try:
            found.append(one.decode(piece))
        except (msgspec.DecodeError, UnicodeDecodeError):
            unread += bool(piece.strip())
    return found, unread
