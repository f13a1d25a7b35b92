"""Units: what the values of a signal are counted in."""

from __future__ import annotations

from typing import Literal

Unit = Literal[
    "ratio", "score", "seconds", "usd", "items", "calls", "records", "series", "bytes", "requests", "timestamp"
]
