"""What a panel asks: a signal, over which time and split by what; or PromQL, where no signal says it.

How an ask becomes a query is `monitoring/compile/dashboards/queries.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Over = Literal["rolling", "whole", "daily", "buckets"]


class TargetOr(msgspec.Struct, frozen=True):
    """A legend: the target of the signal that is asked (`target 60 %`), these words where it has none."""

    words: str = "in this range"


class Ask(msgspec.Struct, frozen=True):
    """One signal.

    `over`: `rolling`, the window of its alerts (an hour where it has none), moving along; `whole`, the range of the
    panel; `daily`, a day moving along, for a signal that rests on few items; `buckets`, how the values behind a
    quantile or a share were distributed, hour by hour.

    `legend`: name of its series, with `{{label}}` (the labels of `by` unless said otherwise); in tables the title of
    its column. `by`: labels it is split by. `where`: label values it is narrowed to, beside what the board's variables
    choose. `step`: the least step, such as `1h`. `made`: what is made of it, `@` being the query: `(@) / 3600`.
    """

    over: Over
    signal: str
    legend: str | TargetOr = ""
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = {}
    step: str = ""
    made: str = "@"


class Joined(msgspec.Struct, frozen=True):
    """Signals put together in one query: `@1` and so on in `text` are the asks."""

    text: str
    asks: tuple[Ask, ...]
    legend: str = ""


class PromQL(msgspec.Struct, frozen=True):
    """What no signal says, as it is. `{@}` in `text`: narrowed by those of the board's variables that apply.

    These are the job, the instance, and labels that all `families` have. `families`: metrics it rests on, for the
    description. `legend`: as in Ask; in tables, none leaves the column out. `exemplars`: show only single items as
    dots, no line.
    """

    text: str
    families: tuple[str, ...]
    legend: str = ""
    step: str = ""
    exemplars: bool = False


IN_HOURS = "(@) / 3600"  # `made` of a signal in seconds
AnyAsk = Ask | Joined | PromQL
