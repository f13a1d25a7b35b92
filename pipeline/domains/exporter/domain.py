"""The exporter's own domain: it counts itself, so there are no events."""

from __future__ import annotations

from pipeline.domains.exporter.families import FAMILIES
from pipeline.domains.exporter.labels import LABELS
from pipeline.metrics.domain import Domain

DOMAIN = Domain("exporter", FAMILIES, LABELS)
