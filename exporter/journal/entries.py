"""What the journal keeps of accepted requests: their bodies as they came, and how these become events again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from pipeline.domains.event import DomainEvent
from pipeline.events import Event, ItemFinished

Kind = Literal["events", "records", "records-lines", "events-lines", "push"]

# requests are read with these very decoders, so that the journal can read again whatever was taken in
RECORD, RECORDS = msgspec.json.Decoder(ItemFinished), msgspec.json.Decoder(list[ItemFinished])
EVENT, EVENTS = msgspec.json.Decoder(Event), msgspec.json.Decoder(list[Event])


class Entry(msgspec.Struct, frozen=True):
    """Something that was accepted: when (Unix seconds), what kind of body, the body itself."""

    at: float
    kind: Kind
    body: bytes


def key_hash(key: str) -> bytes:
    """Return what is kept of an Idempotency-Key: 16 bytes, whatever its length."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def encode_events(events: Sequence[DomainEvent]) -> bytes:
    """Encode events for the journal (kind `events`)."""
    return msgspec.json.encode(events)


def decode_entry(kind: Kind, body: bytes) -> list[DomainEvent]:
    """Decode the records of an entry. Raises msgspec.DecodeError or UnicodeDecodeError for what it cannot read."""
    if kind == "records":
        return list(RECORDS.decode(body))
    if kind == "records-lines":
        return list(RECORD.decode_lines(body))
    if kind == "events-lines":
        return list(EVENT.decode_lines(body))
    return list(EVENTS.decode(body))
