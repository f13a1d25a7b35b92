from __future__ import annotations

import msgspec
import pytest

from pipeline.domains.event import DomainEvent, Ratio, Seconds


class Knocked(DomainEvent, frozen=True, tag="knocked"):
    """Somebody knocked."""

    loud: Ratio
    after: Seconds | None = None


def test_an_event_is_told_by_its_tag_and_says_nothing_that_was_not_said() -> None:
    assert msgspec.json.encode(Knocked(0.5)) == b'{"type":"knocked","loud":0.5}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"knocked","loud":1.5}',
        b'{"type":"knocked","loud":0.5,"after":-1}',
        b'{"type":"knocked","loud":0.5,"after":604801}',
        b'{"type":"rang","loud":0.5}',
        b'{"type":"knocked","loud":0.5,"who":"me"}',
        b'{"type":"knocked"}',
    ],
)
def test_what_is_out_of_range_unknown_or_missing_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=Knocked)


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Knocked(0.5).loud = 0.6  # type: ignore[misc]
