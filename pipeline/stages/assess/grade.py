"""How signs become a score between 0 and 1.

    score = 1 / (1 + exp(-(bias + sum of weight_i * clip(goodness_i, -4, 1))))
    goodness_i = direction_i * (sign_i - centre_i) / spread_i

Centre and spread describe ordinary texts; so an ordinary sign adds nothing, an outstanding one a little (at most one
weight), a bad one takes away in proportion, and no single sign can take more than four weights. A sign that is not
known (another language) is simply not there and adds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

WORST, BEST = -4.0, 1.0


class Sign(msgspec.Struct, frozen=True):
    """How one sign counts."""

    direction: int  # 1: more is better, -1: less is better
    centre: float
    spread: float
    weight: float

    def goodness(self, value: float) -> float:
        """Return how far `value` lies on the good side of ordinary, in spreads, -4..1."""
        return min(BEST, max(WORST, self.direction * (value - self.centre) / self.spread))


class Grade(msgspec.Struct, frozen=True):
    """One dimension of quality: its signs and where an ordinary text stands."""

    bias: float
    signs: dict[str, Sign]

    def score(self, values: Mapping[str, float]) -> float:
        """Return the score of a text with these signs, 0-1."""
        logit = self.bias + sum(
            sign.weight * sign.goodness(values[name]) for name, sign in self.signs.items() if name in values
        )
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
