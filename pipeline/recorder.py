"""Where events go: the public name of the recorders; what they are made of is in `pipeline.recording`."""

from pipeline.recording.environment import (
    DEFAULT_URL,
    background_recorder,
    exporter_address,
    record_pipeline_metrics,
    recorder_from_environment,
)
from pipeline.recording.in_process import InProcessRecorder
from pipeline.recording.push import PushRecorder
from pipeline.recording.recorder import NullRecorder, Recorder

__all__ = [
    "DEFAULT_URL",
    "InProcessRecorder",
    "NullRecorder",
    "PushRecorder",
    "Recorder",
    "background_recorder",
    "exporter_address",
    "record_pipeline_metrics",
    "recorder_from_environment",
]
