"""How often a skip was wrong, as far as the shadow sample tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

import msgspec

from monitoring.history.blocks import Floats, Key


class ShadowShare(msgspec.Struct, frozen=True):
    """Skips of one decision that were processed in full all the same: how many were wrong, with a 95 % interval."""

    decision: str
    items: int
    wrong: int
    wrong_rate: tuple[float, float]


def shadow_shares(found: Mapping[Key, Floats]) -> list[ShadowShare]:
    """Return the share of each decision of which anything was seen; keys are (decision, verdict)."""
    shares = []
    for decision in sorted({key[0] for key in found}):
        right, wrong = (float(found[decision, v].sum()) if (decision, v) in found else 0.0 for v in ("right", "wrong"))
        if right + wrong >= 1:
            interval = wilson(wrong, right + wrong)
            shares.append(ShadowShare(decision, round(right + wrong), round(wrong), interval))
    return shares


def wilson(count: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share by Wilson's score (1927): sound for small counts too."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = min(1.0, count / total)
    middle, width = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    scale = 1 + z * z / total
    return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)
