"""Ratios of counted things, where there may be nothing to divide by."""

from __future__ import annotations

import numpy as np

from monitoring.history.blocks import Floats

_NOTHING = 1e-12


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, nan where there is no whole."""
    found: Floats = np.where(whole > _NOTHING, part / np.maximum(whole, _NOTHING), np.nan)
    return found


def share_of(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, 0 where there is no whole (and therefore no part)."""
    found: Floats = part / np.maximum(whole, _NOTHING)
    return found
