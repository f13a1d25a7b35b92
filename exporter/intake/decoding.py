"""From a request's body to events: strict, whole or not at all, and precise about what is wrong.

The fast way is one msgspec decode. Only when it fails is the body looked at again, to say where: 400 with the position
for what is no JSON, 422 with index, field, value and expectation for what is no valid record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from exporter.errors import ApiError
from exporter.intake.refusals import expectation_of, explain_invalid
from exporter.journal.entries import RECORD, RECORDS, Kind, event_decoders
from pipeline.domains.catalogue import any_event, event_types
from pipeline.domains.event import DomainEvent
from pipeline.events import ItemFinished

Shape = Literal["one", "array", "lines"]
MAX_RECORDS = 100_000  # in one request
# an escape such as \ud800 without its other half: JSON lets it pass, no text can hold it
_LONE_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u....)\\u[dD][c-fC-F]")


class Submission(msgspec.Struct, frozen=True):
    """What one request brings: its events, and the body and kind under which the journal keeps them.

    The body of one event (`many` is false) is that JSON object alone; requests of that sort share a journal entry.
    """

    events: Sequence[DomainEvent]
    kind: Kind
    body: bytes
    many: bool


def read_body(body: bytes, shape: Shape, *, only_items: bool) -> Submission:
    """Decode a body of records (`only_items`) or of any events. Raises ApiError 400, 413 or 422."""
    one, many = (RECORD, RECORDS) if only_items else event_decoders()
    try:
        if shape == "one":
            event: DomainEvent = one.decode(body)
            return Submission((event,), "records" if only_items else "events", body, many=False)
        if shape == "array":
            return _limited(Submission(many.decode(body), "records" if only_items else "events", body, many=True))
        events = one.decode_lines(body)
        return _limited(Submission(events, "records-lines" if only_items else "events-lines", body, many=True))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(body, shape, only_items, error) from None


def read_query(pairs: Iterable[tuple[str, str]]) -> Submission:
    """Decode a record from query parameters. Raises ApiError 422."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise invalid(0, name, value, "one value for each parameter")
        given[name] = value
    if "type" in given:
        raise invalid(0, "type", given["type"], expectation_of(ItemFinished, None))
    try:
        event = msgspec.convert(given, ItemFinished, strict=False)
        body = msgspec.json.encode(event)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise invalid(*explain_invalid(given, ItemFinished, error)) from None
    return Submission((event,), "records", body, many=False)


def invalid(index: int, field: str | None, value: object, expectation: str, records: int = 1) -> ApiError:
    """Return the refusal of a record that breaks a rule."""
    place = f"field {field!r}" if field else "the record"
    return ApiError(
        422,
        "invalid",
        f"record {index}: {place}: expected {expectation}",
        records=records,
        index=index,
        field=field,
        value=_shown(value),
        expectation=expectation,
    )


def refusal(body: bytes, shape: Shape, only_items: bool, error: Exception) -> ApiError:
    """Find out what is wrong with a body that could not be decoded."""
    try:
        raw = _parse(body, shape)
    except ApiError as malformed:
        return malformed
    if shape != "one" and not isinstance(raw, list):
        return invalid(0, None, raw, "a JSON array of records (one JSON object per line with application/x-ndjson)")
    rows = [raw] if shape == "one" else raw
    kinds: tuple[type, ...] = (ItemFinished,) if only_items else event_types()
    for index, row in enumerate(rows):
        found = explain_row(row, kinds)
        if found is not None:
            return invalid(index, *found, records=len(rows))
    lone = _LONE_SURROGATE.search(body)
    position = lone.start() if lone else None
    return ApiError(400, "malformed", f"the body cannot be read: {error}", position=position)


def explain_row(row: Any, kinds: tuple[type, ...]) -> tuple[str | None, Any, str] | None:
    """Return field, value and expectation of what is wrong with one record, None if nothing is."""
    wanted: Any = kinds[0] if len(kinds) == 1 else any_event()
    try:
        msgspec.convert(row, wanted)
    except (msgspec.ValidationError, RecursionError) as error:
        _, field, value, expectation = explain_invalid(row, wanted, error)
        return field, value, expectation
    return None


def _limited(submission: Submission) -> Submission:
    if len(submission.events) > MAX_RECORDS:
        raise ApiError(
            413, "too_large", f"more than {MAX_RECORDS} records in one request", records=len(submission.events)
        )
    return submission


def _parse(body: bytes, shape: Shape) -> Any:
    """Parse JSON leniently (NaN and Infinity are let through, to be named later). Raises ApiError 400."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "malformed", f"not valid UTF-8 at byte {error.start}", position=error.start) from None
    if shape != "lines":
        return _loads(text, 0, 1)
    rows, offset = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append(_loads(line, offset, number))
        offset += len(line) + 1
    return rows


def _loads(text: str, offset: int, line: int) -> Any:
    try:
        return json.loads(text, parse_int=_number)
    except json.JSONDecodeError as error:
        raise ApiError(
            400,
            "malformed",
            f"not valid JSON: {error.msg}",
            position=offset + error.pos,
            line=line + error.lineno - 1,
            column=error.colno,
        ) from None
    except (RecursionError, ValueError):
        raise ApiError(400, "malformed", "not valid JSON: too deeply nested or a number too long", position=0) from None


def _number(digits: str) -> float:
    return int(digits) if len(digits) < 400 else float(digits)  # far out of any range; named as such later


def _shown(value: object) -> object:
    """Return a value fit for an answer: short, and nothing that JSON cannot say."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, bool | int | float) or value is None:
        return value if abs(value or 0) < 2**63 else str(value)[:100]
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= 100 else text[:100] + "..."
