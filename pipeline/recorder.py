"""Where events go: the public name of the recorders; what they are made of is in `pipeline.recording`."""

from pipeline.recording.push import PushRecorder
from pipeline.recording.recorder import (
    InProcessRecorder,
    NullRecorder,
    Recorder,
    background_recorder,
    exporter_address,
    record_pipeline_metrics,
    recorder_from_environment,
)

__all__ = [
    "InProcessRecorder",
    "NullRecorder",
    "PushRecorder",
    "Recorder",
    "background_recorder",
    "exporter_address",
    "record_pipeline_metrics",
    "recorder_from_environment",
]
