"""Which of several configurations an item gets: always the same one for the same key, in stated proportions.

A key is whatever names the item (its URL, its id, its user). It is hashed with sha256, so that groups do not depend on
the process, the machine or the order of items, and do not follow any pattern in the keys. `salt` names the experiment:
another salt divides the same keys anew.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import accumulate

VERSIONS = ("conservative", "aggressive")


def assign(key: str, versions: Sequence[str] = VERSIONS, weights: Sequence[float] | None = None, salt: str = "") -> str:
    """Return the version that the item with this key gets; by default each version is as likely as any other.

    Raises ValueError for no version, one named twice, or weights that do not fit (as many as versions, finite, not
    negative, not all 0).
    """
    if not versions or len(set(versions)) < len(versions) or not all(versions):
        raise ValueError("expected one or more different version names")
    parts = [1.0] * len(versions) if weights is None else list(weights)
    if len(parts) != len(versions) or any(not math.isfinite(w) or w < 0 for w in parts) or not sum(parts):
        raise ValueError(f"expected {len(versions)} weights, one a version, none negative, not all 0")
    place = _fraction(key, salt) * sum(parts)
    return next(v for v, edge, part in zip(versions, accumulate(parts), parts, strict=True) if part and place < edge)


def _fraction(key: str, salt: str) -> float:
    """Return a number 0 <= x < 1 that is fixed for key and salt, and even over keys."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
