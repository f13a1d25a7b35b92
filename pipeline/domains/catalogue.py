"""Every metric family and every label that pipemeter exposes, in one place.

A label means the same wherever it stands, so its values are declared once for all families.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.domains.content import handlers as content
from pipeline.domains.content import shadow
from pipeline.domains.exporter import families as exporter
from pipeline.errors import ERROR_TYPES
from pipeline.events import BYPASS_REASONS, PROCESSING_TYPES, SKIP_DECISIONS, SKIP_VERDICTS
from pipeline.metrics.family import Family, Label

FAMILIES: tuple[Family, ...] = (*content.FAMILIES, *shadow.FAMILIES, *exporter.FAMILIES)

CONTENT_TYPES = ("discussion", "news", "education", "entertainment")
CHECKPOINTS = ("post_download", "post_transcription", "post_quality_filtering", "post_analysis")
DIMENSIONS = ("overall", "coherence", "completeness", "informativeness")
FEATURES = ("quality_filtering", "content_routing", "early_exit", "dashboard_metrics")
STAGES = (
    "download",
    "transcription",
    "assessment",
    "analysis",
    "perspective",
    "fallacy",
    "summary",
    "memory",
    "graph",
    "publish",
)

# `reason` has two meanings that never meet in one family: why an item was bypassed, and which exit condition held.
# Its closed sets therefore stand with the families (see `label_of`).
_LABELS = {
    label.name: label
    for label in (
        Label("processing_type", PROCESSING_TYPES),
        Label("content_type", CONTENT_TYPES, cap=24),
        Label("config_version", cap=16),
        Label("config_hash", cap=64),
        Label("checkpoint", CHECKPOINTS, cap=16),
        Label("dimension", DIMENSIONS),
        Label("pipeline_stage", STAGES, cap=32),
        Label("error_type", ERROR_TYPES, cap=32),
        Label("feature", FEATURES, cap=16),
        Label("decision", SKIP_DECISIONS),
        Label("verdict", SKIP_VERDICTS),
        Label("threshold", cap=32),
        Label("version", cap=4),
        Label("python_version", cap=4),
    )
}
_OWN_LABELS = {
    ("pipeline_bypasses_total", "reason"): Label("reason", BYPASS_REASONS),
    ("pipeline_early_exits_total", "reason"): Label("reason", cap=48),
    ("exporter_alerts_held_back_total", "reason"): Label("reason", ("per_hour", "per_model", "minimum_severity")),
    ("exporter_incomplete_records_total", "reason"): Label("reason", ("processing_time", "time_saved")),
    ("exporter_rejected_records_total", "reason"): Label(
        "reason",
        (
            "malformed",
            "invalid",
            "too_large",
            "media_type",
            "encoding",
            "unauthorized",
            "busy",
            "key",
            "timeout",
            "storage",
        ),
    ),
}


def label_of(
    family: Family, name: str, known: Mapping[str, Iterable[str]] | None = None, caps: Mapping[str, int] | None = None
) -> Label:
    """Return the declaration of one label of one family.

    `known` adds values from the configuration (content types, checkpoints, exit reasons, the version); `caps` lets an
    operator set another cap. A cap never falls below the number of values known beforehand.
    """
    base = _OWN_LABELS.get((family.name, name)) or _LABELS.get(name) or _overflow_label(name)
    if base.cap == 0:
        return base
    values = tuple(dict.fromkeys((*base.values, *((known or {}).get(name, ())))))
    return Label(name, values, max((caps or {}).get(name, base.cap), len(values)))


def _overflow_label(name: str) -> Label:
    if name != "label":
        raise LookupError(f"label {name!r} is not declared in the catalogue")
    return Label("label", tuple(sorted({*_LABELS, "reason"})))


def family(name: str) -> Family:
    """Return the family of that name. Raises LookupError."""
    for candidate in FAMILIES:
        if candidate.name == name:
            return candidate
    raise LookupError(f"metric {name!r} is not declared in the catalogue")
