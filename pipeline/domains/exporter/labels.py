"""The labels of the exporter, with what is known of each."""

from __future__ import annotations

from pipeline.metrics.family import Label

LABELS = (Label("version", cap=4), Label("python_version", cap=4))
