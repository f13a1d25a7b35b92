from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import StageError
from pipeline.stages.download.encoding import STEP_BYTES, decoded

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        (gzip.compress(b"abc" * 9), "gzip"),
        (gzip.compress(b"abc" * 5) + gzip.compress(b"abc" * 4), "GZIP"),
        (zlib.compress(b"abc" * 9), "deflate"),
        (zlib.compressobj(wbits=-15).compress(b"") + b"abc", "identity"),
        (b"abc" * 9, ""),
    ],
    # gzip carries the time of packing: as names they would differ between two workers
    ids=["gzip", "two members", "deflate", "bare deflate", "plain"],
)
def test_bodies_are_unpacked_byte_by_byte_as_well(packed: bytes, name: str) -> None:
    expected = b"abc" if name == "identity" else b"abc" * 9
    assert b"".join(decoded([packed[i : i + 1] for i in range(len(packed))], name)) == expected


def test_a_bare_deflate_stream_is_unpacked() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"abc" * 100) + packer.flush()
    assert b"".join(decoded([packed], "deflate")) == b"abc" * 100


def test_no_step_of_unpacking_gives_more_than_its_limit() -> None:
    pieces = list(decoded([gzip.compress(b"\0" * 1_000_000)], "gzip"))
    assert max(map(len, pieces)) <= STEP_BYTES
    assert sum(map(len, pieces)) == 1_000_000


@pytest.mark.parametrize(
    ("packed", "error_type"),
    [(gzip.compress(b"abc" * 99)[:-9], "network"), (b"\x1f\x8bnot gzip at all", "corrupt")],
    ids=["cut off", "not gzip"],
)
def test_a_damaged_compressed_body_is_an_error(packed: bytes, error_type: str) -> None:
    with pytest.raises(StageError) as error:
        list(decoded([packed], "gzip"))
    assert error.value.error_type == error_type


def test_a_compression_that_nobody_asked_for_is_refused_before_anything_is_read() -> None:
    with pytest.raises(StageError) as error:
        decoded(iter([b"\x28\xb5\x2f\xfd"]), "zstd")
    assert error.value.error_type == "unsupported"


def test_padding_of_zeros_after_a_stream_is_no_damage_and_an_empty_body_is_empty() -> None:
    assert b"".join(decoded([gzip.compress(b"abc") + b"\0" * 512], "gzip")) == b"abc"
    assert b"".join(decoded([], "gzip")) == b"".join(decoded([b""], "gzip")) == b""
