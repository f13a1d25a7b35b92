"""What savings are, said once: of the time that full processing would have taken, the share that shortcuts saved.

The signal `time_savings` says the same to Prometheus; here it is for sums that are at hand.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeVar


class _Seconds(Protocol):
    """A number of seconds, or an array of them."""

    def __add__(self, other: Any, /) -> Any: ...


_S = TypeVar("_S", bound=_Seconds)


def in_full(saved: _S, spent: _S) -> _S:
    """Return the seconds that full processing would have taken."""
    whole: _S = saved + spent
    return whole


def savings_share(saved: float, spent: float) -> float:
    """Return which share of the seconds of full processing was saved (0..1); nan where no time was counted."""
    whole = in_full(saved, spent)
    return saved / whole if whole > 0 else math.nan
