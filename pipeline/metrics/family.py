"""A metric family as data: its name, what it counts, its labels with the values they may take, its buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]
Kept = Literal["counted", "process", "config"]

UNSPECIFIED = "unspecified"  # label value of something that was not said
OTHER = "other"  # label value of everything beyond a closed set or a cap


class Label(msgspec.Struct, frozen=True):
    """A label and the values it may take.

    `values` are known beforehand. With `cap` 0 they are the whole (closed) set; otherwise up to `cap` values in all
    may appear. Whatever lies beyond becomes `other`. `unspecified`: whether that value stands at 0 from the start,
    `beside` the known ones or `alone`, while none is known. `example`: what tests put there (else the first value).
    """

    name: str
    values: tuple[str, ...] = ()
    cap: int = 0
    unspecified: Literal["never", "beside", "alone"] = "never"
    example: str = ""


class Summed(msgspec.Struct, frozen=True):
    """How recording rules sum a family up over its instances.

    `over`: labels summed over too, because they would make too many series. `buckets_of`: buckets are many anyway, so
    they are recorded of one value of a label only, which then goes. Windows in seconds; buckets have their own.
    """

    over: tuple[str, ...] = ()
    buckets_of: Mapping[str, str] = {}
    windows: tuple[int, ...] = (300, 3600)
    bucket_windows: tuple[int, ...] = (3600,)


class Family(msgspec.Struct, frozen=True):
    """One metric family. `buckets`: upper edges without +Inf; `why`: the argument for them.

    `zeros`: its known label sets stand at 0 from the start. `own`: labels that mean something of their own here.
    `pairs`: a label whose values belong each to one value of another, which stands before it (a reason to its
    checkpoint). `kept`: whether its values are `counted` from records and survive a restart, say something of the
    running `process`, or follow from the active `config`. `recorded`: how recording rules sum it up.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    why: str = ""
    zeros: bool = True
    own: tuple[Label, ...] = ()
    pairs: Mapping[str, str] = {}
    kept: Kept = "counted"
    recorded: Summed = Summed()

    def own_label(self, name: str) -> Label | None:
        """Return the label of that name if it means something of its own here."""
        return next((label for label in self.own if label.name == name), None)


def edges(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Return evenly spaced bucket edges, both ends included, as exact short decimals."""
    count = round((stop - start) / step)
    return tuple(round(start + i * step, 10) + 0.0 for i in range(count + 1))
