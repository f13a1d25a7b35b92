"""The labels of the content pipeline, with the values that are known of each."""

from __future__ import annotations

from pipeline.domains.content.events import PROCESSING_TYPES, SKIP_DECISIONS, SKIP_VERDICTS
from pipeline.errors import ERROR_TYPES
from pipeline.metrics.family import Label

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

LABELS = (
    Label("processing_type", PROCESSING_TYPES),
    Label("content_type", CONTENT_TYPES, cap=24, unspecified="beside", example="news"),
    Label("config_version", cap=16, unspecified="alone", example="balanced"),
    Label("config_hash", cap=64),
    Label("checkpoint", CHECKPOINTS, cap=16),
    Label("dimension", DIMENSIONS),
    Label("pipeline_stage", STAGES, cap=32, example="analysis"),
    Label("error_type", ERROR_TYPES, cap=32, example="timeout"),
    Label("feature", FEATURES, cap=16),
    Label("decision", SKIP_DECISIONS, example="early_exit"),
    Label("verdict", SKIP_VERDICTS),
    Label("threshold", cap=32),
)
