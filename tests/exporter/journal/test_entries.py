from __future__ import annotations

import msgspec
import pytest

from exporter.journal.entries import Kind, decode_entry, encode_events, event_decoders, key_hash, salvage
from pipeline.events import EVENT_TYPES, ItemFinished, StageFinished

FULL = b'{"processing_type":"full"}'
TAGGED = b'{"type":"item_finished","processing_type":"full"}'
STAGE = b'{"type":"stage_finished","pipeline_stage":"memory","duration_seconds":2}'
GONE = b'{"type":"toy_sold","colour":"red"}'


@pytest.mark.parametrize(
    ("kind", "body", "events"),
    [
        ("records", b"[%b,%b]" % (FULL, TAGGED), [ItemFinished("full"), ItemFinished("full")]),
        ("records-lines", b"%b\n%b\n" % (FULL, FULL), [ItemFinished("full"), ItemFinished("full")]),
        ("events", b"[%b,%b]" % (TAGGED, STAGE), [ItemFinished("full"), StageFinished("memory", 2.0)]),
        ("events-lines", b"%b\n%b" % (STAGE, TAGGED), [StageFinished("memory", 2.0), ItemFinished("full")]),
        ("events", b"[]", []),
    ],
)
def test_an_entry_is_read_as_it_was_taken_in_and_nothing_is_lost_to_salvage(
    kind: Kind, body: bytes, events: list[object]
) -> None:
    assert decode_entry(kind, body) == events
    assert salvage(kind, body) == (events, 0)


def test_what_this_process_says_comes_back_as_it_was() -> None:
    events = [ItemFinished("full", "news", 0.5), StageFinished("memory", 0.25)]
    assert decode_entry("events", encode_events(events)) == events


@pytest.mark.parametrize(("kind", "body"), [("events", b"[%b,%b,%b]"), ("events-lines", b"%b\n%b\n%b\n")])
def test_events_that_nobody_knows_any_more_are_left_out_of_an_entry_and_counted(kind: Kind, body: bytes) -> None:
    mixed = body % (GONE, STAGE, GONE)
    with pytest.raises(msgspec.DecodeError):
        decode_entry(kind, mixed)
    assert salvage(kind, mixed) == ([StageFinished("memory", 2.0)], 2)


@pytest.mark.parametrize("kind", ["records", "records-lines"])
def test_of_records_too_only_those_that_cannot_be_read_are_lost(kind: Kind) -> None:
    rows = (FULL, b'{"processing_type":"sideways"}', b'{"processing_type":"full","exit_reason":"\xff"}')
    body = b"[%b,%b,%b]" % rows if kind == "records" else b"%b\n%b\n%b" % rows
    assert salvage(kind, body) == ([ItemFinished("full")], 2)


def test_a_body_that_is_no_json_cannot_be_salvaged() -> None:
    with pytest.raises(msgspec.DecodeError):
        salvage("events", b"[%b" % STAGE)


def test_requests_and_the_journal_know_the_same_events() -> None:
    one, many = event_decoders()
    assert (one, many) == event_decoders()
    bodies = {kind: msgspec.json.encode({"type": kind.__struct_config__.tag}) for kind in EVENT_TYPES}
    for kind, body in bodies.items():
        with pytest.raises(msgspec.ValidationError, match=f"required field `{kind.__struct_fields__[0]}`"):
            one.decode(body)


def test_a_key_is_kept_as_sixteen_bytes_whatever_it_is() -> None:
    hashes = {key_hash(key) for key in ("", "a", "b", "x" * 10_000, "\ud800")}
    assert len(hashes) == 5
    assert {len(one) for one in hashes} == {16}
