"""What the journal keeps of accepted requests: their bodies as they came, and how these become events again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import msgspec

from pipeline.domains.catalogue import any_event
from pipeline.domains.event import DomainEvent
from pipeline.events import ItemFinished

Kind = Literal["events", "records", "records-lines", "events-lines", "push"]

# requests are read with these very decoders, so that the journal can read again whatever was taken in
RECORD, RECORDS = msgspec.json.Decoder(ItemFinished), msgspec.json.Decoder(list[ItemFinished])
Decoder = msgspec.json.Decoder[Any]
_RAW = msgspec.json.Decoder(list[msgspec.Raw])


@cache
def event_decoders() -> tuple[Decoder, Decoder]:
    """Return what reads one event, and what reads an array of them, of any domain. Raises DomainError."""
    kind: Any = any_event()
    return msgspec.json.Decoder(kind), msgspec.json.Decoder(list[kind])


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
    one, many = event_decoders()
    return list(one.decode_lines(body) if kind == "events-lines" else many.decode(body))


def salvage(kind: Kind, body: bytes) -> tuple[list[DomainEvent], int]:
    """Decode what can be read of an entry, and say how many of its events cannot: a domain may be gone.

    Raises msgspec.DecodeError or UnicodeDecodeError where not even the events can be told apart.
    """
    one = RECORD if kind.startswith("records") else event_decoders()[0]
    apart = msgspec.json.Decoder(msgspec.Raw).decode_lines if kind.endswith("lines") else _RAW.decode
    found: list[DomainEvent] = []
    rows = apart(body)
    for row in rows:
        try:
            found.append(one.decode(row))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return found, len(rows) - len(found)
