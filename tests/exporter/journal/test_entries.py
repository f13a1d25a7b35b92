from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.journal.entries import Kind, Row, checksum, decode_entry, encode_events, event_decoders, key_hash
from pipeline.events import EVENT_TYPES, ConfigActivated, ItemFinished, StageFault, StageFinished

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
def test_an_entry_is_read_as_it_was_taken_in(kind: Kind, body: bytes, events: list[object]) -> None:
    assert decode_entry(kind, body) == (events, 0)


def test_what_this_process_says_comes_back_as_it_was() -> None:
    events = [ItemFinished("full", "news", 0.5), StageFinished("memory", 0.25)]
    assert decode_entry("events", encode_events(events)) == (events, 0)


@pytest.mark.parametrize(("kind", "body"), [("events", b"[%b,%b,%b]"), ("events-lines", b"%b\n%b\n%b\n")])
def test_events_that_nobody_knows_any_more_are_left_out_of_an_entry_and_counted(kind: Kind, body: bytes) -> None:
    mixed = body % (GONE, STAGE, GONE)
    assert decode_entry(kind, mixed) == ([StageFinished("memory", 2.0)], 2)


@pytest.mark.parametrize("kind", ["records", "records-lines"])
def test_of_records_too_only_those_that_cannot_be_read_are_lost(kind: Kind) -> None:
    rows = (FULL, b'{"processing_type":"sideways"}', b'{"processing_type":"full","exit_reason":"\xff"}')
    body = b"[%b,%b,%b]" % rows if kind == "records" else b"%b\n%b\n%b" % rows
    assert decode_entry(kind, body) == ([ItemFinished("full")], 2)


def test_requests_and_the_journal_know_the_same_events() -> None:
    one, many = event_decoders()
    assert (one, many) == event_decoders()
    bodies = {kind: msgspec.json.encode({"type": kind.__struct_config__.tag}) for kind in EVENT_TYPES}
    for kind, body in bodies.items():
        with pytest.raises(msgspec.ValidationError, match=f"required field `{kind.__struct_fields__[0]}`"):
            one.decode(body)


ITEM = b'{"processing_type":"full"}'
EVENT = b'{"type":"item_finished","processing_type":"full"}'
BODIES = {
    "records": b"[" + ITEM + b"," + ITEM + b"]",
    "records-lines": ITEM + b"\n" + ITEM,
    "events": b"[" + EVENT + b"," + EVENT + b"]",
    "events-lines": EVENT + b"\n\n" + EVENT + b"\n",
}


@pytest.mark.parametrize("kind", BODIES)
def test_an_entry_becomes_its_events_again(kind: str) -> None:
    assert decode_entry(kind, BODIES[kind]) == ([ItemFinished("full")] * 2, 0)


def test_events_of_this_process_are_kept_and_read_again() -> None:
    events = [ItemFinished("full"), StageFault("download", "network"), ConfigActivated("h", "v", {"t": 0.5})]
    assert decode_entry("events", encode_events(events)) == (events, 0)


@pytest.mark.parametrize("kind", BODIES)
def test_a_record_that_cannot_be_read_takes_no_other_with_it(kind: str) -> None:
    for unreadable in (b'{"type":"of_a_domain_that_is_gone","a":1}', b'{"processing_type":"sideways"}', b"7"):
        body = BODIES[kind].replace(ITEM if kind.startswith("records") else EVENT, unreadable, 1)
        assert decode_entry(kind, body) == ([ItemFinished("full")], 1)


@pytest.mark.parametrize("body", [b"", b"[", b"[{]", b"\xff\xfe", b"{}"])
def test_what_makes_no_sense_at_all_counts_as_one(body: bytes) -> None:
    assert decode_entry("records", body) == ([], 1)


def test_an_id_that_is_no_utf8_is_one_record_that_cannot_be_read() -> None:
    body = b"[" + ITEM + b',{"processing_type":"full","item_id":"\xff"}]'
    assert decode_entry("records", body) == ([ItemFinished("full")], 1)


@given(
    st.integers(0, 2**60),
    st.floats(allow_nan=False),
    st.sampled_from(sorted(BODIES)),
    st.integers(0, 2**60),
    st.binary(max_size=50),
)
def test_a_row_is_whole_until_anything_of_it_changes(seq: int, at: float, kind: str, total: int, body: bytes) -> None:
    good = checksum(seq, at, kind, total, body)
    assert Row(seq, at, kind, body, total, good).is_whole
    assert Row(seq, at, kind, body).is_whole  # of a version that wrote none
    assert not Row(seq + 1, at, kind, body, total, good).is_whole
    assert not Row(seq, at, "push", body, total, good).is_whole
    assert not Row(seq, at, kind, body, total + 1, good).is_whole
    assert not Row(seq, at, kind, body + b"x", total, good).is_whole


def test_keys_are_kept_as_16_bytes_whatever_they_are() -> None:
    keys = ["", "a", "b", "x" * 1000, "é", "\ud800"]
    assert {len(key_hash(key)) for key in keys} == {16}
    assert len({key_hash(key) for key in keys}) == len(keys)
