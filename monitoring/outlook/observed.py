"""What the metrics tell of how decisions were made: whether the filter was on, which way each content type went."""

from __future__ import annotations

import numpy as np

from monitoring.history.histograms import Buckets
from monitoring.outlook.evidence import Evidence
from pipeline.decisions.routing import Mode
from pipeline.metrics.family import UNSPECIFIED

_NOTICED = 5.0  # items that a decision must have met before "it never did" is believed


def is_filtering(evidence: Evidence) -> bool:
    """Tell whether the quality filter was on: items below a threshold were bypassed, or there were none to bypass."""
    if evidence.total(evidence.bypasses, "low_quality") > 0:
        return True
    return bool(evidence.margins) and sum(map(_below, evidence.margins.values())) < _NOTICED


def modes_seen(evidence: Evidence) -> dict[str, Mode]:
    """Return the mode that each content type went by, from what happened to its items."""
    filtering = is_filtering(evidence)
    return {
        kind: _mode(evidence, kind, filtering) for kind in sorted({key[1] for key in evidence.items} - {UNSPECIFIED})
    }


def _mode(evidence: Evidence, kind: str, filtering: bool) -> Mode:
    light, low = (
        float(evidence.bypasses.get((reason, kind), np.zeros(1)).sum()) for reason in ("content_type", "low_quality")
    )
    margins = evidence.margins.get((kind,))
    below = 0.0 if margins is None else _below(margins)
    if light > low:
        return "lightweight"
    return "full" if filtering and below >= _NOTICED and low < 0.1 * below else "quality_check"


def _below(margins: Buckets) -> float:
    """Return the assessed items that were below a threshold."""
    return float(margins.counts[:, [edge <= 1e-9 for edge in (*margins.edges, 2.0)]].sum())
