"""Prometheus' protobuf format, as far as pushes need it: delimited MetricFamily messages, read without generated code.

Go's client pushes in this format. Field numbers are those of io.prometheus.client (metrics.proto).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from exporter.pushgateway.declared import Declared
from exporter.pushgateway.grouping import refused

_KINDS = {0: "counter", 1: "gauge", 2: "summary", 3: "untyped", 4: "histogram"}
_VALUE_FIELD = {"counter": 3, "gauge": 2, "untyped": 5}
Fields = dict[int, list[Any]]


def metric_families(body: bytes) -> list[Declared]:
    """Read delimited MetricFamily messages. Raises ApiError 400."""
    try:
        found, position = [], 0
        while position < len(body):
            size, position = _varint(body, position)
            if position + size > len(body):
                raise ValueError("a message is cut short")
            found.append(_family(body[position : position + size]))
            position += size
        return found
    except (ValueError, IndexError, struct.error, KeyError, TypeError) as error:
        raise refused(f"not valid protobuf metrics: {error}") from None


def _family(body: bytes) -> Declared:
    fields = _fields(body)
    family = Declared(_text(fields[1][0]), _KINDS[fields.get(3, [0])[0]], _text(fields.get(2, [b""])[0]), [])
    for raw in fields.get(4, []):
        _add(family, _fields(raw))
    return family


def _add(family: Declared, fields: Fields) -> None:
    name, kind = family.name, family.kind
    labels = {_text(pair[1][0]): _text(pair.get(2, [b""])[0]) for pair in map(_fields, fields.get(1, []))}
    timestamp = float(fields[6][0]) if 6 in fields else None

    def add(sample_name: str, its_labels: dict[str, str], value: float) -> None:
        family.samples.append(Sample(sample_name, its_labels, value, timestamp))

    if kind in _VALUE_FIELD:
        add(name, labels, _double(_fields(fields[_VALUE_FIELD[kind]][0])))
        return
    data = _fields(fields[4 if kind == "summary" else 7][0])
    edge, suffix = ("quantile", "") if kind == "summary" else ("le", "_bucket")
    for row in map(_fields, data.get(3, [])):
        position, value = _row(row, kind)
        add(name + suffix, {**labels, edge: _go(position)}, value)
    count = float(data.get(1, [0])[0])
    if kind != "summary" and not any(s.labels.get("le") == "+Inf" and _same(s.labels, labels) for s in family.samples):
        add(name + "_bucket", {**labels, "le": "+Inf"}, count)
    add(name + "_count", labels, count)
    add(name + "_sum", labels, _double(data, 2))


def _same(labels: dict[str, str], wanted: dict[str, str]) -> bool:
    return {name: value for name, value in labels.items() if name != "le"} == wanted


def _row(row: Fields, kind: str) -> tuple[float, float]:
    """Return edge and value: of a quantile both are doubles, of a bucket the count is a whole number."""
    if kind == "summary":
        return _double(row), _double(row, 2)
    return _double(row, 2), float(row.get(1, [0])[0])


def _fields(body: bytes) -> Fields:
    fields: Fields = {}
    for number, value in _pairs(body):
        fields.setdefault(number, []).append(value)
    return fields


def _pairs(body: bytes) -> Iterator[tuple[int, Any]]:
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(body, position)
            yield number, value
            continue
        size, position = (8, position) if wire == 1 else (4, position) if wire == 5 else _sized(body, position, wire)
        piece = body[position : position + size]
        if len(piece) < size:
            raise ValueError("a field is cut short")
        position += size
        yield number, piece


def _sized(body: bytes, position: int, wire: int) -> tuple[int, int]:
    if wire != 2:
        raise ValueError(f"unknown wire type {wire}")
    return _varint(body, position)


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _double(fields: Fields, number: int = 1) -> float:
    raw = fields.get(number, [b"\0" * 8])[0]
    return float(struct.unpack("<d", raw)[0])


def _text(raw: Any) -> str:
    if not isinstance(raw, bytes):
        raise ValueError("text expected")
    return raw.decode("utf-8")


def _go(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]
