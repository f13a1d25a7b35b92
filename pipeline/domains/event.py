"""What events of every domain have in common: the base they are made from, and the ranges of their fields."""

from __future__ import annotations

from typing import Annotated

import msgspec

Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]
SavedShare = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Margin = Annotated[float, msgspec.Meta(ge=-1, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=604_800)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Dollars = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class DomainEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", omit_defaults=True):
    """What all events share: they are immutable, tagged and strict."""
