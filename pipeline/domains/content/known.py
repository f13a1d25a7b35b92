"""What a configuration makes known of the content pipeline's labels."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.domains.content.families import EARLY_EXITS
from pipeline.metrics.known import KnownValues


def known_values(
    content_types: tuple[str, ...] = (), version: str | None = None, exits: Mapping[str, tuple[str, ...]] | None = None
) -> KnownValues:
    """Return the label values that stand at 0 from the start. `exits`: checkpoint -> reasons it can give."""
    reasons = dict(exits or {})
    values = {
        "content_type": content_types,
        "config_version": (version,) if version else (),
        "checkpoint": tuple(reasons),
    }
    return KnownValues(values, {(EARLY_EXITS.name, "reason"): reasons})
