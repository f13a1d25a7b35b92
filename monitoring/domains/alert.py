"""The shape of an alert whose condition nobody sets, and the order in which alerts of all kinds are looked at."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

from pipeline.metrics.family import Family

Severity = Literal["critical", "warning", "info", "none"]


class Triage(IntEnum):
    """What a person looks at first: an alert further down may only say what one further up explains."""

    DOWN = 0  # nothing is there to be measured
    AVAILABILITY = 1
    STALLED = 2  # it is there, and nothing moves
    ERRORS = 3
    BANDS = 4
    CHAIN = 5  # what tells of all this is itself at fault


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """One alert whose condition nobody sets. `description` says what is so, with its target; `advice` what to do first.

    `for_seconds`: how long the condition lasts before it fires. `further`: the labels that its series carry. `board`:
    the uid of the dashboard that it leads to. `heartbeat`: it always fires, so that its absence is noticed; it goes to
    the heartbeat and to nobody else. `of_vmalert`: the words of its expression and texts that are others where vmalert
    evaluates the rules, and those others, replaced in this order. `domain` is set by the Domain that it stands in.
    """

    name: str
    severity: Severity
    expr: str
    summary: str
    description: str
    advice: str
    board: str
    for_seconds: int = 0
    further: tuple[str, ...] = ()
    triage: Triage = Triage.CHAIN
    heartbeat: bool = False
    of_vmalert: tuple[tuple[str, str], ...] = ()
    domain: str = ""


def either(left: Family, right: Family, window: str) -> str:
    """Return what two counters together grew by over a window such as `15m`; either may be missing."""
    return " + ".join(f"(sum (increase({one.name}[{window}])) or vector(0))" for one in (left, right))
