from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import ApiError
from exporter.intake.decoding import Shape, read_body
from exporter.intake.refusals import expectation_of, explain_invalid
from pipeline.events import EVENT_TYPES, ConfigActivated, Event, ItemFinished

WAYS = "one of early_exit, full, lightweight"
FIELDS = sorted({name for kind in EVENT_TYPES for name in kind.__struct_fields__} | {"type", "nonsense"})
TAGS = [str(kind.__struct_config__.tag) for kind in EVENT_TYPES]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(TAGS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def told(row: Any, wanted: Any = ItemFinished) -> tuple[str | None, Any, str]:
    """Field, value and expectation of what is wrong with a row."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(row, wanted)
    index, field, value, expectation = explain_invalid(row, wanted, caught.value)
    assert index == 0
    return field, value, expectation


@pytest.mark.parametrize(
    ("row", "field", "value", "expectation"),
    [
        ({}, "processing_type", None, f"a required field: {WAYS}"),
        ({"processing_type": "sideways"}, "processing_type", "sideways", WAYS),
        ({"processing_type": "full", "quality_score": 1.5}, "quality_score", 1.5, "a finite number >= 0 and <= 1 or null"),
        ({"processing_type": "full", "quality_score": "x"}, "quality_score", "x", "a finite number >= 0 and <= 1 or null"),
        ({"processing_type": "full", "time_saved_pct": 1}, "time_saved_pct", 1, "a finite number >= 0 and < 1 or null"),
        ({"processing_type": "full", "content_type": 7}, "content_type", 7, "text or null"),
        ({"processing_type": "full", "bypass_reason": "mood"}, "bypass_reason", "mood", "one of content_type, low_quality or null"),
        (7, None, 7, None),
        ([], None, [], None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_record_is_said_by_field_value_and_expectation(
    row: Any, field: str | None, value: Any, expectation: str | None
) -> None:
    found = told(row)
    assert found[:2] == (field, value)
    if expectation is not None:
        assert sorted(found[2].split(" ")) == sorted(expectation.split(" "))


def test_an_unknown_field_is_answered_with_those_that_there_are() -> None:
    field, value, expectation = told({"processing_type": "full", "colour": "red"})
    assert (field, value) == ("colour", "red")
    assert expectation == f"only the fields {', '.join(ItemFinished.__struct_fields__)}"


def test_a_value_inside_a_mapping_is_named_by_its_place() -> None:
    row = {"type": "config_activated", "config_hash": "h", "thresholds": {"min_overall": 0.5, "min_coherence": 7}}
    field, value, _ = told(row, ConfigActivated)
    assert (field, value) == ("thresholds.min_coherence", 7)


@pytest.mark.parametrize(
    ("row", "expectation"),
    [
        ({"processing_type": "full"}, "a `type` that names the event"),
        ({"type": "party_started"}, "the name of an event type"),
        ({"type": 7}, "the name of an event type"),
    ],
)
def test_an_event_needs_a_type_that_exists(row: Any, expectation: str) -> None:
    field, value, said = told(row, Event)
    assert (field, value, said) == ("type", row.get("type"), expectation)


def test_every_field_of_every_event_has_an_expectation_in_words() -> None:
    for kind in EVENT_TYPES:
        for field in (*kind.__struct_fields__, "type"):
            words = expectation_of(kind, field)
            assert words
            assert "another type" not in words, (kind, field)


@settings(deadline=None, max_examples=400)
@given(st.one_of(VALUES, st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6)), st.booleans(), st.booleans())
def test_whatever_is_refused_the_refusal_is_an_answer_that_json_can_say(row: Any, only_items: bool, many: bool) -> None:
    error = refused(json.dumps([row, row] if many else row).encode(), "array" if many else "one", only_items)
    if error is None:
        return
    answer = json.loads(bytes(error.response().body))["error"]
    assert error.status in (400, 422)
    assert answer["message"]
    if error.status == 422:
        assert error.records == (2 if many else 1)
        assert answer["expectation"]
        assert answer["index"] in (0, 1)
        assert answer["field"] is None or isinstance(answer["field"], str)
        assert len(json.dumps(answer["value"])) < 700  # a hundred characters, each as an escape at most


def refused(body: bytes, shape: Shape, only_items: bool) -> ApiError | None:
    """The refusal of a body, None if it is taken."""
    try:
        read_body(body, shape, only_items=only_items)
    except ApiError as error:
        return error
    return None
