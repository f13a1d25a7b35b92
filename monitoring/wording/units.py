"""Units: what the values of a signal are counted in; `number` for what has none of the others."""

from __future__ import annotations

from typing import Literal

Unit = Literal[
    "ratio",
    "score",
    "seconds",
    "usd",
    "items",
    "calls",
    "records",
    "series",
    "bytes",
    "requests",
    "timestamp",
    "number",
]
