from __future__ import annotations

import struct
from typing import Any

from tests.exporter.conftest import Running
from tests.exporter.pushes import pushed


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number: int, value: Any) -> bytes:
    """One protobuf field."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def family(name: str, kind: int, *metrics: bytes) -> bytes:
    message = field(1, name) + field(2, "Help.") + field(3, kind) + b"".join(field(4, m) for m in metrics)
    return varint(len(message)) + message


PROTOBUF = {
    "Content-Type": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
}


def test_gos_client_pushes_protobuf(running: Running) -> None:
    label = field(1, field(1, "kind") + field(2, "é"))
    bucket = field(3, field(1, 2) + field(2, 0.5)) + field(3, field(1, 3) + field(2, 1.0))
    quantile = field(3, field(1, 0.9) + field(2, 7.0))
    body = (
        family("job_runs_total", 0, label + field(3, field(1, 4.0)))
        + family("job_level", 1, field(2, field(1, -1.5)), label + field(2, field(1, 2.0)))
        + family("job_seconds", 4, field(7, field(1, 3) + field(2, 1.25) + bucket))
        + family("job_size", 2, field(4, field(1, 9) + field(2, 90.0) + quantile))
    )
    response = running.client.put("/metrics/job/go", content=body, headers=PROTOBUF)
    assert response.status_code == 200, response.text
    found = pushed(running)
    assert found['job_runs_total{instance="",job="go",kind="é"}'] == "4.0"
    assert found['job_level{instance="",job="go"}'] == "-1.5"
    assert found['job_seconds_bucket{instance="",job="go",le="0.5"}'] == "2.0"
    assert found['job_seconds_bucket{instance="",job="go",le="+Inf"}'] == "3.0"
    assert found['job_seconds_sum{instance="",job="go"}'] == "1.25"
    assert found['job_size{instance="",job="go",quantile="0.9"}'] == "7.0"
    assert found['job_size_count{instance="",job="go"}'] == "9.0"


def test_damaged_protobuf_is_refused(running: Running) -> None:
    whole = family("job_runs_total", 0, field(3, field(1, 4.0)))
    for damaged in (whole[:-3], whole[:5], b"\xff" * 20, b"\x05hello", family("", 9)):
        assert running.client.put("/metrics/job/go", content=damaged, headers=PROTOBUF).status_code == 400
